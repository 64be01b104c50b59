"""What a content says of itself: every tag as found, and a typed view of the ones that lead."""
