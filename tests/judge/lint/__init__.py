"""Lint, rule by rule."""
