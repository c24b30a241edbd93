"""The loop over fakes."""
