"""HTTP ↔ our words: one protocol, frozen dataclasses, one ProviderError. No Django."""
