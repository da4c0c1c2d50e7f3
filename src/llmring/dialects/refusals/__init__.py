"""Words of refusals that occur with many vendors."""
