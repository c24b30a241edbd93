"""The audit's chain: how entries become bytes, how each is bound to all before it, and how that is checked. Pure."""
