"""A file → rows → contacts, each row with its outcome and reason."""
