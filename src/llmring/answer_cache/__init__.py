"""Answers that a gateway keeps, to give them again to the same request."""
