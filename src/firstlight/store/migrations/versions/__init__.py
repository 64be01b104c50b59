"""One file a revision of the schema; none is ever changed after its release."""
