"""What a tenant adds to a base: joined with it, and held to it."""
