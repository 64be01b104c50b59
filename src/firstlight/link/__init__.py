"""Series and cameras: pure functions from facts to clusters, each with its evidence."""
