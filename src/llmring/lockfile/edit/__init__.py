"""Edits of a lockfile's text."""
