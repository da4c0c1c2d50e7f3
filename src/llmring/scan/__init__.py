"""Alias names in source code."""
