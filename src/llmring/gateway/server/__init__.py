"""The parts of the HTTP server of the gateway."""
