"""Drafts of policies, from what people decided."""
