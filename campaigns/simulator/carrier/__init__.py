"""The carrier itself, without HTTP: numbers, accepted texts, what becomes of them, opt-outs, faults."""
