"""From the environment and the disk to settings."""
