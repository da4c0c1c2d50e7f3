"""Estimates of a batch before it is sent: tokens, cost and time."""
