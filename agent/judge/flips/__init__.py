"""Which decision the facts led to, why, and what would have led to another one."""
