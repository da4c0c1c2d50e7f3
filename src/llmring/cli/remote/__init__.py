"""Commands about a gateway that runs, here or elsewhere."""
