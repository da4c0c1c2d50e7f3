"""The answers to the gateway's endpoints, a file for each kind."""
