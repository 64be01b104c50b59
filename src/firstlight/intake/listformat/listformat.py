"""What a list format is, and what several formats share in making entries."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
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
        if value is None or (isinstance(value, str) and is_unset(value)):
            continue
        raw = decode_hash(algorithm, value) if isinstance(value, str) else None
        if raw is None:
            malformed.append(algorithm)
        else:
            good[(algorithm, raw)] = None
    return tuple(good), malformed


def explain_hashes(row_number: int, malformed: list[HashAlgorithm], *, is_used: bool) -> Row | None:
    """Say what was wrong with a record's hashes, None where nothing was."""
    if malformed:
        names = ", ".join(sorted({algorithm.value for algorithm in malformed}))
        rest = "; the entry is used without it" if is_used else ""
        return bad_row(row_number, f"malformed {names} value{rest}")
    return None if is_used else bad_row(row_number, "no hash")


def record_json(record: Any) -> str:
    """Write a partner's record as JSON text.

    Raises:
        RecursionError: It is nested too deeply.
    """
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"), default=_plain_number)
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _plain_number(value: Any) -> Any:
    if isinstance(value, Decimal):
        number = float(value)
        return number if math.isfinite(number) else str(value)
    return str(value)
