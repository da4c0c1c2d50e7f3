"""The engine of a batch: sends the requests of rows, many at a time, and keeps their outcomes."""
