"""CSV with named columns, separated by comma, semicolon, tab or bar.

Hash columns are known by their usual names. Others are named by ``columns``, meaning to column
name: ``md5``, ``sha1``, ``sha256``, ``pdq``, ``photodna`` (a hash), ``key`` (the partner's
identifier), ``category``, ``scheme``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from firstlight.errors import ListFormatError
from firstlight.intake.listformat.csv_text import csv_rows, header_of
from firstlight.intake.listformat.hashtext import make_key, named_algorithm, plain_name
from firstlight.intake.listformat.listformat import (
    ListFormat,
    ListOptions,
    Row,
    bad_row,
    explain_hashes,
    kept_text,
    record_json,
    take_hashes,
)
from firstlight.intake.listformat.stream import ListStream
from firstlight.model.hashlist import HashAlgorithm, ListEntry, ListHeader

_NAME = "csv"
_HASH_ROLES = frozenset(algorithm.value for algorithm in HashAlgorithm)
_ROLES = _HASH_ROLES | {"key", "category", "scheme"}
_CATEGORY_NAMES = frozenset({"category", "categorycode", "categoryid", "cat", "classification"})
_SCHEME_NAMES = frozenset({"scheme", "categoryscheme", "classificationscheme"})
_KEY_NAMES = frozenset({"entryid", "entrykey", "imageid", "recordid", "uuid", "guid"})
_PLAIN_HASH_NAMES = frozenset({"hash", "hashvalue", "value", "digest", "signature"})
_MARK_NAMES = {
    "series": "Series",
    "seriesname": "Series",
    "tags": "Tags",
    "victimidentified": "VictimIdentified",
    "offenderidentified": "OffenderIdentified",
    "isdistributed": "IsDistributed",
    "distributed": "IsDistributed",
    "selfgenerated": "SelfGenerated",
    "issuspected": "IsSuspected",
    "baseline": "Baseline",
    "tlp": "TLP",
    "handling": "Handling",
    "marking": "Handling",
}


@dataclass(frozen=True, slots=True)
class CsvLayout:
    """Which column means what; positions from 0.

    Args:
        names: Every column's name as it came.
        hashes: Position and algorithm of each hash column.
        key, category, scheme: Position; None where there is no such column.
        marks: Position and name of each mark.
    """

    names: tuple[str, ...]
    hashes: tuple[tuple[int, HashAlgorithm], ...]
    key: int | None
    category: int | None
    scheme: int | None
    marks: tuple[tuple[int, str], ...]


def lay_out(names: list[str], options: ListOptions) -> CsvLayout:
    """Find out which column means what.

    Raises:
        ListFormatError: ``columns`` names a meaning or a column that does not exist.
    """
    given = _given_columns(names, options)
    hashes: list[tuple[int, HashAlgorithm]] = []
    for at, name in enumerate(names):
        algorithm = named_algorithm(name)
        if algorithm is None and plain_name(name) in _PLAIN_HASH_NAMES:
            algorithm = options.algorithm
        if algorithm is not None and at not in given.values():
            hashes.append((at, algorithm))
    for role, at in given.items():
        if role in _HASH_ROLES:
            hashes.append((at, HashAlgorithm(role)))
    plain = [plain_name(name) for name in names]

    def first(role: str, known: frozenset[str]) -> int | None:
        found = [at for at, name in enumerate(plain) if name in known]
        return given.get(role, found[0] if found else None)

    return CsvLayout(
        names=tuple(kept_text(name) for name in names),
        hashes=tuple(sorted(hashes)),
        key=first("key", _KEY_NAMES),
        category=first("category", _CATEGORY_NAMES),
        scheme=first("scheme", _SCHEME_NAMES),
        marks=tuple(
            (at, _MARK_NAMES[name]) for at, name in enumerate(plain) if name in _MARK_NAMES
        ),
    )


def _given_columns(names: list[str], options: ListOptions) -> dict[str, int]:
    lower = [name.lower() for name in names]
    given: dict[str, int] = {}
    for role, column in options.columns.items():
        if role not in _ROLES:
            raise ListFormatError(
                f"a column cannot mean that; it can be: {', '.join(sorted(_ROLES))}"
            )
        if column.lower() not in lower:
            raise ListFormatError(f"the column given for {role} is not in the file")
        given[role] = lower.index(column.lower())
    return given


def _detect(head: bytes, options: ListOptions) -> bool:
    found = header_of(head)
    if found is None:
        return False
    if options.columns:
        lower = {name.lower() for name in found[1]}
        return any(column.lower() in lower for column in options.columns.values())
    names = found[1]
    is_named = any(named_algorithm(name) is not None for name in names)
    is_plain = options.algorithm is not None and any(
        plain_name(name) in _PLAIN_HASH_NAMES for name in names
    )
    return is_named or is_plain


def _read(stream: ListStream, options: ListOptions) -> tuple[ListHeader, Iterator[Row]]:
    found = header_of(stream.head)
    if found is None:
        raise ListFormatError("no header line")
    delimiter, names = found
    layout = lay_out(names, options)
    if not layout.hashes:
        raise ListFormatError("no column is known to hold a hash; name one")
    return ListHeader(_NAME), layout_rows(stream, delimiter, layout, None)


def layout_rows(
    stream: ListStream, delimiter: str, layout: CsvLayout, scheme: str | None
) -> Iterator[Row]:
    """Make entries of the rows below the header.

    Args:
        stream: The file.
        delimiter: Between fields.
        layout: Which column means what.
        scheme: Of the categories, where no column states it.
    """
    for number, fields in csv_rows(stream, delimiter):
        if fields is None:
            yield bad_row(number, "a line that is too long or cannot be split")
            continue
        yield from _entry(number, fields, layout, scheme)


def _entry(number: int, fields: list[str], layout: CsvLayout, scheme: str | None) -> Iterator[Row]:
    count = len(fields)

    def field(at: int | None) -> str | None:
        text = fields[at].strip() if at is not None and at < count else ""
        return kept_text(text) or None

    hashes, malformed = take_hashes(
        (algorithm, fields[at]) for at, algorithm in layout.hashes if at < count
    )
    trouble = explain_hashes(number, malformed, is_used=bool(hashes))
    if trouble is not None:
        yield trouble
    if not hashes:
        return
    category = field(layout.category)
    yield ListEntry(
        entry_key=field(layout.key) or make_key(hashes),
        hashes=hashes,
        scheme=field(layout.scheme) or scheme,
        category_code=category,
        marks=tuple((name, text) for at, name in layout.marks if (text := field(at)) is not None),
        record=_record(fields, layout.names),
        row_number=number,
    )


def _record(fields: list[str], names: tuple[str, ...]) -> str:
    record: dict[str, str] = {}
    for at, text in enumerate(fields):
        name = names[at] if at < len(names) and names[at] else f"column {at + 1}"
        while name in record:
            name += " (again)"
        record[name] = text.strip()
    return "" if len(record) == 1 else record_json(record)


NAMED_CSV = ListFormat(_NAME, _detect, _read)
