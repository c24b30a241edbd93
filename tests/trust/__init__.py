"""A second evaluator, written only to be compared with the first."""
