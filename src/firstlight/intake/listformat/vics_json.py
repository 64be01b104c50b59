"""VICS JSON 1.1 to 2.0: hash sets (``#Media``) and case forms (``#Cases``), streamed.

Written from the facts of the format, VICS-compatible, not certified. What exporters do against
it is taken in: booleans and sizes as texts, blank MD5, either case of hexadecimal, PhotoDNA on
top or among the alternative hashes, byte-order marks, other root keys, unknown fields.

An entry is named by its MD5 (``md5:...``; by its next digest where that is blank): VICS keys a
Media by MD5, while a MediaID counts within one export only and would not be found again in the
next version of a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from firstlight.errors import ListFormatError
from firstlight.intake.listformat.hashtext import make_key, named_algorithm
from firstlight.intake.listformat.json_text import BrokenJsonError, JsonText
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

_NAME = "vics"
_CONTEXT = re.compile(
    rb'"@?odata\.(?:metadata|context)"\s*:\s*"[^"#]{0,300}?'
    rb'(?:/(?P<version>\d{1,2}\.\d{1,2})\.xml(?:/(?P<profile>[^/"#]{1,64})/\$metadata)?)?'
    rb'#(?P<form>Cases|Media)"',
    re.IGNORECASE,
)
_SIGNS = re.compile(rb'"(?:@?odata\.|md5"|sha1"|media"|mediaid")', re.IGNORECASE)
_FIRST_SIGN = re.compile(rb'"(media)"\s*:\s*\[|"(?:md5|sha1|mediaid|photodna)"\s*:', re.IGNORECASE)
_ARRAYS = frozenset({"value", "media", "cases"})
_NEXT_MEDIA = re.compile(
    r'[}\]]\s*,\s*(\{\s*"(?:@?odata\.|MediaID"|MD5"|Category"))', re.IGNORECASE
)
_MEDIA_ONLY = frozenset({"MediaID", "Category", "PhotoDNA", "AlternativeHashes", "SHA1"})
_FILE_ONLY = frozenset({"FileName", "FilePath", "MediaFileID", "HashName", "PropertyName"})
_TOO_DEEP = "is nested too deeply"
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
    return head.lstrip()[:1] in {b"{", b"["} and _SIGNS.search(head) is not None


def _read(stream: ListStream, _options: ListOptions) -> tuple[ListHeader, Iterator[Row]]:
    context = _CONTEXT.search(stream.head) or _CONTEXT.search(stream.tail())
    version = profile = None
    if context is not None:
        version = context["version"].decode() if context["version"] else None
        profile = context["profile"].decode("utf-8", "replace") if context["profile"] else None
        is_case_form = context["form"].lower() == b"cases"
    else:
        sign = _FIRST_SIGN.search(stream.head)
        if sign is None:
            raise ListFormatError("a JSON file, but not of a form that is known")
        is_case_form = sign[1] is not None
    scheme = f"{_NAME}:{profile}" if profile else _NAME
    text = JsonText(stream.texts(), stream.encoding, len(stream.bom))
    return ListHeader(_NAME, version, scheme), _Reader(text, scheme, is_case_form).rows()


class _Reader:
    def __init__(self, text: JsonText, scheme: str, is_case_form: bool) -> None:
        self.text, self.scheme, self.is_case_form = text, scheme, is_case_form
        self.number = 0

    def rows(self) -> Iterator[Row]:
        try:
            if self.text.peek() == "[":
                yield from self.array(is_cases=self.is_case_form)
            else:
                yield from self.members(_ARRAYS, is_root=True)
            self.text.expect_end()
        except (BrokenJsonError, RecursionError) as error:
            where = str(error) if isinstance(error, BrokenJsonError) else _TOO_DEEP
            yield bad_row(self.number + 1, f"the JSON {where}; the rest is not read")

    def members(self, arrays: frozenset[str], *, is_root: bool) -> Iterator[Row]:
        """Go through an object's members, into the arrays that are asked for."""
        self.text.take("{")
        while self.text.peek() != "}":
            name, _ = self.text.value()
            self.text.take(":")
            lower = name.lower() if isinstance(name, str) else ""
            if lower in arrays and self.text.peek() == "[":
                is_cases = is_root and (
                    lower == "cases" or (lower == "value" and self.is_case_form)
                )
                yield from self.array(is_cases=is_cases)
            else:
                self.text.value()
            if self.text.peek() != "}":
                self.text.take(",")
        self.text.take("}")

    def array(self, *, is_cases: bool) -> Iterator[Row]:
        """Go through the cases, or the Media records, of an array."""
        self.text.take("[")
        while self.text.peek() != "]":
            if is_cases and self.text.peek() == "{":
                yield from self.members(frozenset({"media"}), is_root=False)
            else:
                yield from self.media()
            if self.text.peek() != "]":
                self.text.take(",")
        self.text.take("]")

    def media(self) -> Iterator[Row]:
        """Take one Media record; of a broken one say so and go to the next that is whole."""
        lost: BrokenJsonError | RecursionError | None = None
        while True:
            self.number += 1
            try:
                record, source = self.text.value()
            except (BrokenJsonError, RecursionError) as error:
                lost = error
                where = str(error) if isinstance(error, BrokenJsonError) else _TOO_DEEP
                if not self.text.skip_to(_NEXT_MEDIA):
                    self.number -= 1
                    raise
                yield bad_row(self.number, f"the record {where}")
                continue
            if lost is None or _is_media(record):
                break
            # Still inside the broken record: one of its files, or a member of something.
            self.number -= 1
            if self.text.peek() == ",":
                self.text.take(",")
            elif not self.text.skip_to(_NEXT_MEDIA):
                raise lost
        if isinstance(record, dict) and not _MEDIA_ONLY & record.keys():
            inner = record.get("Media")
            if isinstance(inner, list):
                self.number -= 1
                for media in inner:
                    self.number += 1
                    yield from _entry(self.number, media, record_json(media), self.scheme)
                return
        yield from _entry(self.number, record, source, self.scheme)


def _is_media(record: Any) -> bool:
    return isinstance(record, dict) and (
        bool(_MEDIA_ONLY & record.keys()) or not _FILE_ONLY & record.keys()
    )


def _entry(number: int, record: Any, source: str, scheme: str) -> Iterator[Row]:
    if not isinstance(record, dict):
        yield bad_row(number, "an element that is no record")
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
            record=kept_text(source),
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
    text = kept_text(str(value).strip())
    if text.lower() in {"true", "false"}:
        return text.lower()
    return text or None


VICS_JSON = ListFormat(_NAME, _detect, _read)
