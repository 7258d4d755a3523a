"""A fake carrier: real HTTP, its own process, a log of accepted texts, faults on request."""
