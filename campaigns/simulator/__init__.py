"""A fake carrier: real HTTP, its own process, an append-only ledger, faults on request."""
