"""Several processes that answer at one address, and the process that watches them."""
