"""The nouns of Firstlight: frozen records and enums, no I/O."""
