"""The answers of the gateway about itself, as JSON."""
