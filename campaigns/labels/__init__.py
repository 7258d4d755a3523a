"""Codes → what staff read, through gettext: one module a subject. No HTML and no icons."""
