"""Jobs that are answered by a vendor's batch API."""
