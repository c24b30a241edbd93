"""Recorded decisions, made again by the same policies or by others."""
