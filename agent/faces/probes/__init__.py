"""What programs ask of a running agent: whether it does its work."""
