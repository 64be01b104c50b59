"""Opening a list of known material in whatever form it comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO

from firstlight.errors import ListFormatError
from firstlight.intake.listformat.hash_lines import HASH_LINES
from firstlight.intake.listformat.icse_csv import ICSE_CSV
from firstlight.intake.listformat.listformat import ListFormat, ListOptions
from firstlight.intake.listformat.named_csv import NAMED_CSV
from firstlight.intake.listformat.seen import mark_repeats
from firstlight.intake.listformat.stream import ListStream
from firstlight.intake.listformat.vics_json import VICS_JSON
from firstlight.model.hashlist import BadRow, HashAlgorithm, ListEntry, ListHeader

LIST_FORMATS: tuple[ListFormat, ...] = (VICS_JSON, ICSE_CSV, NAMED_CSV, HASH_LINES)
"""Every form that is read, asked in this order whether a file is of it."""


def open_list(
    stream: BinaryIO, *, algorithm: HashAlgorithm | None, columns: Mapping[str, str] | None
) -> tuple[ListHeader, Iterator[ListEntry | BadRow]]:
    """Recognise a list file and read it, row by row.

    Args:
        stream: The file, at its beginning; it must stay open while the rows are drawn.
        algorithm: What each line's hash is, where a file is nothing but hashes; also what a
            CSV column that is only called "hash" holds.
        columns: Meaning to column name, for a CSV with names of its own: md5, sha1, sha256,
            pdq, photodna, key, category, scheme.

    Returns:
        What the file says of itself; and its entries in order, among them a ``BadRow`` for
        each row (or hash of a row) that could not be used and, with the code
        ``list-duplicate``, for each that says what an earlier one said. Rows are numbered
        from 1: lines in a text, records in JSON. Entry keys are unique within the file.

    Raises:
        ListFormatError: The file is empty or of no known form, or does not say which
            algorithm its hashes are of.

    Cost: O(n); memory 16 bytes per entry and the largest single record (16 MiB at most).
    """
    opened = ListStream(stream)
    if not opened.head.strip():
        raise ListFormatError("the list is empty")
    options = ListOptions(algorithm, dict(columns or {}))
    for form in LIST_FORMATS:
        if form.detect(opened.head, options):
            header, rows = form.read(opened, options)
            return header, mark_repeats(rows)
    raise ListFormatError(
        "the list is of no known form: VICS JSON, ICSE CSV, CSV with named columns, "
        "or one hash per line with --algorithm"
    )
