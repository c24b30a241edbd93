"""A simulated month in which people decide by known rules, and the report that is held to it."""
