"""The guard rails, each on both sides of its edge."""
