"""Campaign → batches → provider, through the ledger of attempts."""
