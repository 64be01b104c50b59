"""The workers of a command: which pool, which work function, with which settings."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from firstlight.app.home import Home
from firstlight.engine.pool import LocalPool
from firstlight.errors import UsageError
from firstlight.fingerprint.metadata.exiftool import EXIFTOOL_TAG_ARGUMENTS

READ_FUNCTION = "firstlight.app.reading:read_chunk"
READ_SETTINGS = {"exiftool_arguments": list(EXIFTOOL_TAG_ARGUMENTS)}


def open_pool(home: Home, workers: int | None = None) -> LocalPool:
    """Make a pool of isolated workers; the caller closes it.

    Args:
        workers: None for as many as the settings say.
    """
    return LocalPool(
        workers or home.settings.worker_count,
        home.bounds,
        require_isolation=home.settings.require_isolation,
    )


def read_passwords(path: str | None) -> list[bytes]:
    """Read the unit's list of passwords: one a line, in the order to be tried, repeats once.

    Raises:
        UsageError: The file cannot be read.
    """
    if path is None:
        return []
    try:
        lines = Path(path).read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines()
    except OSError as error:
        raise UsageError(
            f"the list of passwords cannot be read ({error.strerror})", detail=path
        ) from error
    return [line for line in dict.fromkeys(lines) if line]


def reading_settings(home: Home, *, is_deriving: bool = False) -> dict[str, Any]:
    """Give what reading an item needs of the settings, as plain values.

    Args:
        is_deriving: A derivative is made of each picture that is decoded.
    """
    settings = home.settings
    return {
        "bounds": asdict(home.bounds),
        "strict": settings.strict_pdq,
        "metadata_reader": settings.metadata_reader,
        "passwords": read_passwords(settings.passwords),
        "derivatives": is_deriving,
    }


def stated_settings(home: Home, *, is_deriving: bool = False) -> dict[str, Any]:
    """Give the settings of a run as they may be recorded: of passwords only how many there are."""
    settings = reading_settings(home, is_deriving=is_deriving)
    return {**settings, "passwords": len(settings["passwords"])}
