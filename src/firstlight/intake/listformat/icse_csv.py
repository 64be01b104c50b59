"""The semicolon CSV of the international database (ICSE), unknown columns kept.

Its Baseline column stands as the category (scheme ``icse:baseline``) exactly as it came, and
as a mark; whoever imports decides with a profile what it means. PhotoDNA comes as 288
hexadecimal digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from firstlight.errors import ListFormatError
from firstlight.intake.listformat.csv_text import header_of
from firstlight.intake.listformat.hashtext import plain_name
from firstlight.intake.listformat.listformat import ListFormat, ListOptions, Row
from firstlight.intake.listformat.named_csv import lay_out, layout_rows
from firstlight.intake.listformat.stream import ListStream
from firstlight.model.hashlist import ListHeader

_NAME = "icse"
_SCHEME = "icse:baseline"
_OWN_NAMES = frozenset(
    {"imageid", "isdistributed", "numberofsubmissions", "fileavailable", "baseline", "zz40"}
)
_OWN_NAMES_MIN = 3
_MORE_MARKS = {
    "numberofsubmissions": "NumberOfSubmissions",
    "fileavailable": "FileAvailable",
    "mediatype": "MediaType",
}


def _detect(head: bytes, _options: ListOptions) -> bool:
    found = header_of(head)
    if found is None or found[0] != ";":
        return False
    return len(_OWN_NAMES & {plain_name(name) for name in found[1]}) >= _OWN_NAMES_MIN


def _read(stream: ListStream, options: ListOptions) -> tuple[ListHeader, Iterator[Row]]:
    found = header_of(stream.head)
    if found is None:
        raise ListFormatError("no header line")
    delimiter, names = found
    plain = [plain_name(name) for name in names]
    layout = lay_out(names, options)
    if not layout.hashes:
        raise ListFormatError("no column is known to hold a hash; name one")
    more = tuple((at, _MORE_MARKS[name]) for at, name in enumerate(plain) if name in _MORE_MARKS)
    layout = replace(
        layout,
        category=plain.index("baseline") if "baseline" in plain else layout.category,
        marks=tuple(sorted(layout.marks + more)),
    )
    return ListHeader(_NAME, None, _SCHEME), layout_rows(stream, delimiter, layout, _SCHEME)


ICSE_CSV = ListFormat(_NAME, _detect, _read)
