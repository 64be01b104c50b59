"""The forms in which lists of known material come; one file each, one registry in ``reading``."""
