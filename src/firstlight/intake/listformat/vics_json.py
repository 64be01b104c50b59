"""VICS JSON 1.1 to 2.0: hash sets (``#Media``) and case forms (``#Cases``), streamed.

Written from the facts of the format, VICS-compatible, not certified. What exporters do against
it is taken in: booleans and sizes as texts, blank MD5, either case of hexadecimal, PhotoDNA on
top or among the alternative hashes, byte-order marks, other root keys, unknown fields.

An entry is named by its MD5 (``md5:...``; by its next digest where that is blank): VICS keys a
Media by MD5, while a MediaID counts within one export only and would not be found again in the
next version of a list.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import ijson

from firstlight.errors import ListFormatError
from firstlight.intake.listformat.hashtext import make_key, named_algorithm, plain_name
from firstlight.intake.listformat.listformat import (
    ListFormat,
    ListOptions,
    Row,
    bad_row,
    explain_hashes,
    record_json,
    take_hashes,
)
from firstlight.intake.listformat.stream import ListStream
from firstlight.model.hashlist import HashAlgorithm, ListEntry, ListHeader

_NAME = "vics"
_CONTEXT = re.compile(
    rb'"@?odata\.(?:metadata|context)"\s*:\s*"[^"]{0,300}?'
    rb'(?:/(?P<version>\d{1,2}\.\d{1,2})\.xml)?(?:/(?P<profile>[^/"#]{1,64})/\$metadata)?'
    rb'#(?P<form>Cases|Media)"',
    re.IGNORECASE,
)
_SIGNS = (b"odata.", b'"md5"', b'"sha1"', b'"media"', b'"mediaid"')
_PLACES = ("value.item", "value.item.media.item", "item", "item.media.item", "media.item")
_MEDIA_KEYS = frozenset({"md5", "sha1", "mediaid", "photodna"})
_MARKS = (
    "VictimIdentified",
    "OffenderIdentified",
    "IsDistributed",
    "IsPrecategorized",
    "PrecategorizationSource",
    "IsSuspected",
    "SelfGenerated",
    "Series",
    "Tags",
)


def _detect(head: bytes, _options: ListOptions) -> bool:
    start = head.lstrip()[:1]
    return start in {b"{", b"["} and any(sign in head.lower() for sign in _SIGNS)


def _read(stream: ListStream, _options: ListOptions) -> tuple[ListHeader, Iterator[Row]]:
    context = _CONTEXT.search(stream.head) or _CONTEXT.search(stream.tail())
    version = profile = None
    if context is not None:
        version = context["version"].decode() if context["version"] else None
        profile = context["profile"].decode("utf-8", "replace") if context["profile"] else None
    place = _media_place(stream.head)
    if place is None and context is not None:
        place = "value.item.Media.item" if context["form"].lower() == b"cases" else "value.item"
    if place is None:
        raise ListFormatError("a JSON file, but not of a form that is known")
    scheme = f"{_NAME}:{profile}" if profile else _NAME
    return ListHeader(_NAME, version, scheme), _rows(stream, place, scheme)


def _media_place(head: bytes) -> str | None:
    """Find where Media records stand, by the first one met."""
    try:
        for prefix, event, value in ijson.parse(io.BytesIO(head)):
            if event == "map_key" and plain_name(value) in _MEDIA_KEYS:
                # A case's own fields share no name with these; its Media stand deeper.
                if prefix.lower() in _PLACES:
                    return str(prefix)
    except (ijson.JSONError, ValueError):
        return None
    return None


def _rows(stream: ListStream, place: str, scheme: str) -> Iterator[Row]:
    number = 0
    found = ijson.sendable_list()
    parser = ijson.items_coro(found, place)
    try:
        for chunk in stream.chunks():
            if chunk:
                parser.send(chunk)
            for record in found:
                number += 1
                yield from _entry(number, record, scheme)
            found.clear()
        parser.close()
        broken = None
    except (ijson.JSONError, ValueError):
        broken = "the JSON is broken"
    for record in found:
        number += 1
        yield from _entry(number, record, scheme)
    if broken is not None:
        yield bad_row(number + 1, f"{broken} {_break_place(stream)}; the rest is not read")


def _break_place(stream: ListStream) -> str:
    """Say at which byte a broken JSON breaks, by parsing it once more up to there."""
    if not stream.can_reread():
        return "at an unknown byte"
    events = ijson.sendable_list()
    parser = ijson.basic_parse_coro(events)
    at = len(stream.bom)
    for chunk in stream.reread_chunks():
        for size in _steps(parser, chunk):
            at += size
            events.clear()
            if size == 0:
                return f"at byte {at}"
    return f"at its end, byte {at}"


def _steps(parser: Any, chunk: bytes) -> Iterator[int]:
    raise NotImplementedError


def _entry(number: int, record: Any, scheme: str) -> Iterator[Row]:
    if not isinstance(record, dict):
        yield bad_row(number, "an element that is no record")
        return
    try:
        whole = record_json(record)
    except RecursionError:
        yield bad_row(number, "a record that is nested too deeply")
        return
    hashes, malformed = take_hashes(_stated_hashes(record))
    trouble = explain_hashes(number, malformed, is_used=bool(hashes))
    if trouble is not None:
        yield trouble
    if hashes:
        yield ListEntry(
            entry_key=make_key(hashes),
            hashes=hashes,
            scheme=scheme,
            category_code=_text(record.get("Category")),
            marks=_marks(record),
            record=whole,
            row_number=number,
        )


def _stated_hashes(record: dict[str, Any]) -> Iterator[tuple[HashAlgorithm, Any]]:
    for name, value in record.items():
        algorithm = named_algorithm(name)
        if algorithm is not None and not isinstance(value, list | dict):
            yield algorithm, value
    others = record.get("AlternativeHashes")
    for other in others if isinstance(others, list) else []:
        if isinstance(other, dict):
            algorithm = named_algorithm(str(other.get("HashName")))
            if algorithm is not None:
                yield algorithm, other.get("HashValue")


def _marks(record: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    marks = ((name, _text(record.get(name))) for name in _MARKS)
    return tuple((name, text) for name, text in marks if text is not None)


def _text(value: Any) -> str | None:
    """A value as text: null and blank are None, never 0; true and false in one spelling."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return record_json(value)
    text = str(value).strip()
    if text.lower() in {"true", "false"}:
        return text.lower()
    return text or None


VICS_JSON = ListFormat(_NAME, _detect, _read)
