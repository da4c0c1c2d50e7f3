"""The call: the only place that talks to providers."""
