"""After a lost answer: what became of an attempt, from the provider's own records."""
