"""What Microsoft's APIs have in common: clouds, logging in, one guarded connection, a budget, and what answers mean."""
