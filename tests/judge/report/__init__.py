"""Reports: comparing and counting."""
