"""The simulator's own API for tests, and the page that shows its state."""
