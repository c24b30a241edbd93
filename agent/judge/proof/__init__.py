"""Proofs: what a set of policies does in every situation there can be, and a situation for each thing it does not."""
