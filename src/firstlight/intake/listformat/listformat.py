"""What a list format is, and what several formats share in making entries."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from firstlight.errors import ListRowError
from firstlight.intake.listformat.hashtext import decode_hash, is_unset
from firstlight.intake.listformat.stream import ListStream
from firstlight.model.hashlist import BadRow, HashAlgorithm, ListEntry, ListHeader

Row = ListEntry | BadRow


@dataclass(frozen=True, slots=True)
class ListOptions:
    """What the person who imports says of the file.

    Args:
        algorithm: Of lines that hold one hash each.
        columns: Meaning to column name (``{"md5": "Checksum"}``); see ``named_csv``.
    """

    algorithm: HashAlgorithm | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListFormat:
    """One form in which lists come.

    Args:
        name: Stands in ``ListHeader.format_name``.
        detect: Whether the head (UTF-8, no byte-order mark) and options are of this form.
        read: Gives the header and the rows, lazily.
    """

    name: str
    detect: Callable[[bytes, ListOptions], bool]
    read: Callable[[ListStream, ListOptions], tuple[ListHeader, Iterator[Row]]]


def bad_row(row_number: int, reason: str) -> BadRow:
    """Say why a row cannot be used; the reason holds nothing of the row."""
    return BadRow(row_number, ListRowError.code, reason)


def take_hashes(
    stated: Iterable[tuple[HashAlgorithm, Any]],
) -> tuple[tuple[tuple[HashAlgorithm, bytes], ...], list[HashAlgorithm]]:
    """Decode the hashes that a record states.

    Returns:
        The good ones, each once, in order; and the algorithms of those that are malformed.
    """
    good: dict[tuple[HashAlgorithm, bytes], None] = {}
    malformed: list[HashAlgorithm] = []
    for algorithm, value in stated:
        if value is None:
            continue
        raw = decode_hash(algorithm, value) if isinstance(value, str) else None
        if raw is not None and any(raw):
            good[(algorithm, raw)] = None
        elif not isinstance(value, str) or not is_unset(value):
            malformed.append(algorithm)
    return tuple(good), malformed


def explain_hashes(row_number: int, malformed: list[HashAlgorithm], *, is_used: bool) -> Row | None:
    """Say what was wrong with a record's hashes, None where nothing was."""
    if malformed:
        names = ", ".join(sorted({algorithm.value for algorithm in malformed}))
        rest = "; the entry is used without it" if is_used else ""
        return bad_row(row_number, f"malformed {names} value{rest}")
    return None if is_used else bad_row(row_number, "no hash")


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def record_json(record: Any) -> str:
    """Write a record that came in another form as JSON text."""
    return kept_text(_ENCODER.encode(record))


def kept_text(text: str) -> str:
    """Make a text fit to be kept: a byte that was no UTF-8 as the character of cp1252."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "surrogatepass")
        return _LONE_SURROGATE.sub(_restore, raw).decode("utf-8", "replace")
    return text


_LONE_SURROGATE = re.compile(rb"\xed([\xa0-\xbf])([\x80-\xbf])")


def _restore(found: re.Match[bytes]) -> bytes:
    point = 0xD000 | (found[1][0] & 0x3F) << 6 | (found[2][0] & 0x3F)
    byte = bytes([point - 0xDC00]) if 0xDC80 <= point <= 0xDCFF else b"?"
    return byte.decode("cp1252", "replace").encode()
