"""Which model to try next, and with what: pure decisions."""
