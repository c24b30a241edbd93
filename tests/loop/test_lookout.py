"""The lookout: a hold is felt wherever it was laid, and signs of life are left, no more of them than are needed."""
