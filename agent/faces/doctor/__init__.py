"""A look at one tenant's agent, its settings and surroundings: what works, what does not, and what mends it."""
