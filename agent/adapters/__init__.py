"""The outside world, one system a module."""
