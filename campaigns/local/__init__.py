"""What one machine needs to start: `make run`, first start, demo data."""
