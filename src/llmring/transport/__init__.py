"""Sending requests and reading answers."""
