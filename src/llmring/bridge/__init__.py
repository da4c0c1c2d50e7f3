"""Synchronous calls of asynchronous code."""
