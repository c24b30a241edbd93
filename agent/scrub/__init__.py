"""Graph's traffic -> the same traffic with nothing in it that names anybody. Pure: what is replaced is decided here."""
