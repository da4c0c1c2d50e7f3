"""The description of the gateway's endpoints in OpenAPI."""
