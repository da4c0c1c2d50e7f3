"""Jobs of batches, as programs and the command line give them."""
