"""The commands that run batches."""
