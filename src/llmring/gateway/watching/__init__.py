"""The records of the calls of a gateway: metrics, traces, and a log."""
