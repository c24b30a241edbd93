"""Lint: what loads, and still does not do what its author thinks."""
