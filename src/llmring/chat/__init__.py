"""Requests, replies, and the parts and events they consist of."""
