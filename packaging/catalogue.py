"""Renews ``store/catalogue.json`` after a change of the schema."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from firstlight import store
from firstlight.store.catalogue import catalogue_sha256
from firstlight.store.database import open_store


def main() -> None:
    """Make an empty store and write down what it is made of."""
    with (
        tempfile.TemporaryDirectory() as folder,
        open_store(Path(folder) / "store.sqlite", create=True) as made,
        made.connection() as connection,
    ):
        digest = catalogue_sha256(connection)
    place = Path(store.__file__).with_name("catalogue.json")
    place.write_text(json.dumps({"sha256": digest}) + "\n")


if __name__ == "__main__":
    main()
