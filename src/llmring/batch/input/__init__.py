"""Rows of an input, and the requests that are made of them."""
