"""One hash per line, with an algorithm that a person states.

64 hexadecimal digits may be SHA-256 or PDQ, so the algorithm is asked for always and never
guessed, also where the length would leave one possibility. Blank lines and lines that begin
with ``#`` are passed over; what follows the hash on its line is kept as a label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from firstlight.errors import ListFormatError
from firstlight.intake.listformat.hashtext import decode_hash
from firstlight.intake.listformat.listformat import (
    ListFormat,
    ListOptions,
    Row,
    bad_row,
    kept_text,
    record_json,
)
from firstlight.intake.listformat.stream import ListStream
from firstlight.model.hashlist import HashAlgorithm, ListEntry, ListHeader

_NAME = "hash-lines"
_HASH_LENGTHS = frozenset({32, 40, 64, 288})
_TOKEN = re.compile(r'["\']?([^\s,;"\']+)["\']?[\s,;]*(.*)', re.DOTALL)
_HEX = re.compile(rb"[0-9A-Fa-f]+")


def _detect(head: bytes, options: ListOptions) -> bool:
    if options.algorithm is not None:
        return b"\x00" not in head
    for line in head.splitlines()[:200]:
        words = line.replace(b",", b" ").replace(b";", b" ").replace(b'"', b" ").split()
        if words and not words[0].startswith(b"#"):
            return len(words[0]) in _HASH_LENGTHS and _HEX.fullmatch(words[0]) is not None
    return False


def _read(stream: ListStream, options: ListOptions) -> tuple[ListHeader, Iterator[Row]]:
    if options.algorithm is None:
        raise ListFormatError(
            "one hash per line: say which with --algorithm md5, sha1, sha256, pdq or photodna "
            "(it is never guessed: 64 hexadecimal digits may be SHA-256 or PDQ)"
        )
    return ListHeader(_NAME), _rows(stream, options.algorithm)


def _rows(stream: ListStream, algorithm: HashAlgorithm) -> Iterator[Row]:
    name = algorithm.value
    for number, line in stream.lines():
        if line is None:
            yield bad_row(number, "a line that is too long")
            continue
        text = line.strip()
        if not text or text[0] == "#":
            continue
        label = ""
        raw = decode_hash(algorithm, text)
        if raw is None:
            found = _TOKEN.fullmatch(text)
            if found:
                raw, label = decode_hash(algorithm, found[1]), found[2].strip().strip("\"'")
        if raw is None:
            yield bad_row(number, f"not a {name} hash")
            continue
        yield ListEntry(
            entry_key=f"{name}:{raw.hex()}",
            hashes=((algorithm, raw),),
            record=record_json({"label": kept_text(label)}) if label else "",
            row_number=number,
        )


HASH_LINES = ListFormat(_NAME, _detect, _read)
