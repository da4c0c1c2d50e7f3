"""The keys and teams of the gateway: their rules, and the places where they are kept."""
