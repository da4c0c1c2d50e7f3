"""Signatures that clients return nothing of, kept by the process."""
