"""Judging what a look at one tenant's agent found: pure."""
