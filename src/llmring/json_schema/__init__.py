"""JSON Schemas: adapted to a provider, and its answers restored."""
