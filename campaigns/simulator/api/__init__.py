"""RingCentral's API over HTTP: signing in, endpoints, errors and rate limits."""
