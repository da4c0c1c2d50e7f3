"""Pure decisions about which model to try next, and with what request."""
