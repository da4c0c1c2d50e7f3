"""Gateways on loopback, each with a start of its own: ours and its peers."""
