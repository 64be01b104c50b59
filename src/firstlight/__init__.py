"""Firstlight: from lawfully held material to the child, with every step proved."""

__version__ = "0.1.0"
