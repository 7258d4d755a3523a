"""What the provider says → our rows, forward only."""
