"""Media (one content) and sightings (the places where it was seen)."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import StrEnum


class MediaKind(StrEnum):
    """What a content is, decided by its bytes and never by its name."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    ARCHIVE = "archive"
    DOCUMENT = "document"
    OTHER = "other"


DECODED_KINDS = frozenset({MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO})
"""Kinds of which more than the digests is read."""

KEPT_KINDS = frozenset({MediaKind.IMAGE, MediaKind.VIDEO})
"""Kinds of which a home may keep derivatives or originals, where its profile allows that."""


class Outcome(StrEnum):
    """How reading one item ended."""

    READ = "read"
    NOT_OPENED = "not-opened"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ContentType:
    """The type of a content as its bytes tell it.

    Args:
        kind: Coarse kind.
        mime: Registered type where there is one, else ``application/octet-stream``.
        label: Short name for people, for example "JPEG picture".
    """

    kind: MediaKind
    mime: str
    label: str


@dataclass(frozen=True, slots=True)
class Digests:
    """Three digests of one content, taken in one read.

    Shapes: md5 16 bytes, sha1 20 bytes, sha256 32 bytes.
    """

    md5: bytes
    sha1: bytes
    sha256: bytes

    @property
    def media_id(self) -> str:
        """The name of the media: its SHA-256 in lower-case hexadecimal."""
        return self.sha256.hex()


@dataclass(frozen=True, slots=True)
class Locator:
    """Where an item lies in its source, byte for byte as the source had it.

    Args:
        path: Absolute path of the file on disk, exact bytes.
        members: Names inside nested archives, outermost first; empty for a plain file.
        ordinals: Position of each member in its archive, from 0 (names may repeat).
    """

    path: bytes
    members: tuple[bytes, ...] = ()
    ordinals: tuple[int, ...] = ()

    @property
    def full_path(self) -> bytes:
        """Path and member names joined by ``!/``."""
        return b"!/".join((self.path, *self.members))

    @property
    def key(self) -> bytes:
        """Unique within a source, stable between runs: full path, NUL, ordinals."""
        tail = ",".join(str(n) for n in self.ordinals).encode()
        return self.full_path + b"\x00" + tail


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What the file system, disk image or archive says of an item; None where it says nothing.

    Args:
        mtime_ns: Content last changed; nanoseconds since 1970 in UTC. Where the file system
            keeps local times (FAT), they stand here as if they were UTC.
        ctime_ns: Entry last changed.
        accessed_ns, born_ns: Last read, made.
        allocation: Of an entry of a disk image: ``allocated``, ``deleted`` (the entry is
            there, marked as deleted) or ``unallocated`` (space that no entry names).
    """

    size_bytes: int
    mtime_ns: int | None = None
    ctime_ns: int | None = None
    inode: int | None = None
    device: int | None = None
    accessed_ns: int | None = None
    born_ns: int | None = None
    allocation: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an item, or a part of reading it, failed.

    Args:
        code: Stable code from the error tree (``FirstlightError.code``).
        reason: One sentence, safe to log: no path, name or text of the source.
        stage: What was being done: open, unpack, decode, metadata, video, worker.
        retryable: Whether trying again may help.
    """

    code: str
    reason: str
    stage: str
    retryable: bool = False


def readable_path(path: bytes) -> str:
    """Show a path to people: undecodable bytes and control characters escaped (lossy)."""
    text = path.decode("utf-8", "backslashreplace")
    return "".join(_visible(char) for char in text)


def encode_path(path: bytes) -> str:
    """Carry a path's exact bytes in JSON (base64)."""
    return base64.b64encode(path).decode("ascii")


# Bidirectional controls reorder what stands around them: a name must not do that to a table.
_BIDI = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")


def _visible(char: str) -> str:
    point = ord(char)
    if point < 32 or 127 <= point < 160 or char in _BIDI or char in "\u2028\u2029":
        return f"\\x{point:02x}" if point < 256 else f"\\u{point:04x}"
    return char
