"""Keys, and contents under them: what leaves readable traces nowhere."""
