"""The APIs' wire formats: pure functions between our values and a vendor's JSON."""
