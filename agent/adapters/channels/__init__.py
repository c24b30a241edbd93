"""The channels through which people on call are told: one module each, unaware of each other."""
