"""Hamming search on arrays: obvious reference and exact index."""
