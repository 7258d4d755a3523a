"""The accounts that the settings open: clients, numbers, prices, rate limits."""
