"""What calls have cost: an entry for each, kept and added up."""
