"""What becomes of what was decided when a process dies: in this process at every await, and by real kills."""
