"""How each API speaks: pure functions between our values and a vendor's JSON."""
