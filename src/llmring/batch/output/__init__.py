"""Outputs of batches: the columns of the input and the answers, in files."""
