"""The rate limits that providers report in the headers of their replies."""
