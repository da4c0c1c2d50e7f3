"""Commands that keep the keys of providers."""
