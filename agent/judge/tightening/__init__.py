"""What a tenant adds to a shared base, and whether it only tightens it."""
