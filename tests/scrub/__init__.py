"""Scrubbing."""
