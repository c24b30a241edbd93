"""Whom people's questions go to, when, and in which words."""
