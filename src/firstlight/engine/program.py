"""Where the outside programs are: exiftool, ffmpeg, ffprobe."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping

import firstlight

PROGRAMS = ("exiftool", "ffmpeg", "ffprobe")


def find_programs(given: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the command that starts each program that is there.

    Args:
        given: Paths that go before the usual places, by program.
    """
    found = {}
    for name in PROGRAMS:
        path = given.get(name) or _own_exiftool(name) or shutil.which(name)
        if path and os.path.isfile(path):
            command = _command(os.path.realpath(path))
            if command:
                found[name] = command
    return found


def _own_exiftool(name: str) -> str | None:
    """Find the exiftool of the checkout, or the one that the offline bundle installed."""
    if name != "exiftool":
        return None
    source = os.path.dirname(os.path.dirname(os.path.realpath(firstlight.__file__)))
    checkout = os.path.join(os.path.dirname(source), "packaging", "exiftool", "installed")
    for folder in (checkout, os.path.join(sys.prefix, "exiftool")):
        path = os.path.join(folder, "exiftool")
        if os.path.isfile(path):
            return path
    return None


def _command(path: str) -> list[str] | None:
    with open(path, "rb") as file:
        first_line = file.readline(200)
    if first_line.startswith(b"#!") and b"perl" in first_line:
        perl = shutil.which("perl")
        return [os.path.realpath(perl), path] if perl else None
    return [path] if os.access(path, os.X_OK) else None
