"""What comes first: rules as data, evaluation, explanation."""
