"""Files in requests: read, registered and uploaded."""
