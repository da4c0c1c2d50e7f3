"""Spans and metrics of calls."""
