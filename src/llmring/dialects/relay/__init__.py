"""Requests and replies that pass through a gateway between a client and a server."""
