"""Journals of batches: the outcome of each row on disk, before it counts."""
