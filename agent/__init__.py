"""Decides pending AIR actions by policy, carries the decisions out, and proves what it did."""
