"""Synchronous callers over asynchronous code."""
