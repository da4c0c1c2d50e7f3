"""Batches on many machines: partitions of the input, leased by the workers of Ray."""
