"""Commands for batches: one request for each row of an input."""
