"""How an older schema becomes the newest one: one revision a file, never changed once released."""
