"""RingCentral High Volume SMS and its message store."""
