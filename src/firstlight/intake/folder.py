"""Walking a folder: every regular file once, in one stable order, without following links.

Runs in the main process: it calls the operating system and never reads a file's content.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from firstlight.errors import InputError, NotOpenedError, UnknownNameError
from firstlight.intake.source_file import facts_of, failure_of, list_names, read_status
from firstlight.model.media import Failure, FileFacts, Outcome

_SPECIAL: Final = (
    (stat.S_ISLNK, "symbolic link, not followed"),
    (stat.S_ISFIFO, "special file: pipe"),
    (stat.S_ISSOCK, "special file: socket"),
    (stat.S_ISCHR, "special file: character device"),
    (stat.S_ISBLK, "special file: block device"),
)


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file that the walk met.

    Args:
        path: Absolute, exact bytes.
        facts: As the file system stated them when the walk came by.
    """

    path: bytes
    facts: FileFacts


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that the walk met and did not hand over.

    Args:
        path: Absolute, exact bytes.
        facts: None when not even they could be read.
        outcome: ``SKIPPED`` for links and special files, ``FAILED`` for what could not be read.
    """

    path: bytes
    facts: FileFacts | None
    failure: Failure
    outcome: Outcome


def resolve_root(root: bytes) -> bytes:
    """Make a path that a person gave absolute, following links: the person meant their target.

    Raises:
        UnknownNameError: There is nothing at this path.
    """
    try:
        return os.path.realpath(os.path.abspath(root), strict=True)
    except (OSError, ValueError) as error:
        raise UnknownNameError(
            "there is no readable file or folder at a given path", detail=repr(root)
        ) from error


def walk(root: bytes, *, on_skip: Callable[[Skipped], None]) -> Iterator[FoundFile]:
    """Find every regular file under a path, depth first, names in the order of their bytes.

    A path that is itself a link, given by a person, is resolved; links met on the way are
    not followed. Other file systems mounted below are entered; a folder that holds itself
    is not entered twice.

    Args:
        root: A folder, or a single file.
        on_skip: Told of every link, special file, and whatever could not be read.

    Raises:
        UnknownNameError: There is nothing at this path.
    Cost: Lazy; memory for the names of the folders that are open, whatever the depth.
    """
    trail = _Trail(on_skip)
    found = trail.visit(resolve_root(root))
    if found is not None:
        yield found
    while (path := trail.next_path()) is not None:
        found = trail.visit(path)
        if found is not None:
            yield found


class _Trail:
    """The folders that are open, outermost first: their remaining names, one path for all."""

    def __init__(self, on_skip: Callable[[Skipped], None]) -> None:
        self._on_skip = on_skip
        self._path = b""
        self._rows: list[tuple[int, tuple[int, int], list[bytes]]] = []
        self._entered: set[tuple[int, int]] = set()

    def next_path(self) -> bytes | None:
        """Take the next name of the innermost folder; leave folders that are done."""
        while self._rows:
            length, identity, names = self._rows[-1]
            if names:
                return self._path[:length] + names.pop()
            self._rows.pop()
            self._entered.discard(identity)
        return None

    def visit(self, path: bytes) -> FoundFile | None:
        """Look at one path: hand over a file, enter a folder, or report a skip."""
        facts = None
        try:
            status = read_status(path)
            facts = facts_of(status)
            if stat.S_ISREG(status.st_mode):
                return FoundFile(path, facts)
            if not stat.S_ISDIR(status.st_mode):
                raise NotOpenedError(_special_reason(status.st_mode))
            self._enter(path, (status.st_dev, status.st_ino))
        except InputError as error:
            outcome = Outcome.SKIPPED if isinstance(error, NotOpenedError) else Outcome.FAILED
            self._on_skip(Skipped(path, facts, failure_of(error, "open"), outcome))
        return None

    def _enter(self, path: bytes, identity: tuple[int, int]) -> None:
        if identity in self._entered:
            raise NotOpenedError("a folder that holds itself, not entered again")
        names = list_names(path)
        self._entered.add(identity)
        self._path = path if path.endswith(b"/") else path + b"/"
        # Taken from the end, so the last name comes first.
        self._rows.append((len(self._path), identity, names[::-1]))


def _special_reason(mode: int) -> str:
    for is_kind, reason in _SPECIAL:
        if is_kind(mode):
            return reason
    return "special file"
