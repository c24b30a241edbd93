"""Backups of one tenant's ledger: made while agents run, and restored into an empty one."""
