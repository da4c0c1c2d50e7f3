"""The ledger: one entry per call, with its usage and cost."""
