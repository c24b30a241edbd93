"""Verbs that cannot touch the world."""
