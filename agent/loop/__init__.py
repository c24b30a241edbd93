"""The shell: it awaits, and decides nothing."""
