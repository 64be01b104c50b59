"""Where a home lies, and what its files are called."""

from __future__ import annotations

import os
from pathlib import Path

from firstlight.config import Settings

STORE_FILE = "store.sqlite"
LOCK_FILE = "writer.lock"


def home_path(settings: Settings) -> Path:
    """Return the home folder: as set, else the platform's own user-data folder."""
    if settings.home:
        return Path(os.path.abspath(settings.home))
    from platformdirs import user_data_path

    return user_data_path("firstlight")
