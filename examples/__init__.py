"""The sample collection, drawn by our own code, with its truth."""
