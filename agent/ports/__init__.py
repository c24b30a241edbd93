"""What the loop needs of the world, as promises. The contract tests hold every implementation to them."""
