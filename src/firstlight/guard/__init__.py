"""Access and the custody log."""
