"""Batches: one request for each row of an input, sent through an alias."""
