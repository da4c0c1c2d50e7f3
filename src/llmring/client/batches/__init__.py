"""Batches of a ring."""
