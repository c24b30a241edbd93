"""Nouns that cannot change."""
