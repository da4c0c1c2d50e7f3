"""The check of clients' keys, and of the programs that send them."""
