"""Reports on batches: rows, totals, progress."""
