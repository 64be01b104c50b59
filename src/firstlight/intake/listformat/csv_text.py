"""Rows of a CSV file: delimiter, header, quotes that never close."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from firstlight.intake.listformat.stream import ListStream

DELIMITERS = (";", "\t", ",", "|")
_QUOTED_LINES_MAX = 64

CsvRow = tuple[int, list[str] | None]
"""Line number of the row's beginning, from 1, and its fields; None for a line beyond bounds."""


def header_of(head: bytes) -> tuple[str, list[str]] | None:
    """Return delimiter and names of the first line that is neither blank nor a comment."""
    for raw in head.split(b"\n", 200)[:200]:
        line = raw.decode("utf-8", "replace").strip("\r")
        if not line.strip() or line.lstrip().startswith("#") or line.lower().startswith("sep="):
            continue
        if len(line) > 65_536 or "\x00" in line:
            return None
        delimiter = max(DELIMITERS, key=line.count) if any(map(line.count, DELIMITERS)) else ","
        return delimiter, [name.strip() for name in _split_line(line, delimiter)]
    return None


def csv_rows(stream: ListStream, delimiter: str) -> Iterator[CsvRow]:
    """Give the rows below the header.

    A quoted field may hold line ends. A quote that does not close within 64 lines is taken as
    a plain character of its line, so that it cannot swallow the rows behind it.
    """
    is_header_passed = False
    for number, fields in _all_rows(stream.lines(), delimiter):
        if fields is not None and (not fields or not any(field.strip() for field in fields)):
            continue
        if not is_header_passed:
            first = fields[0] if fields else ""
            is_comment = first.lstrip().startswith("#") or first.lower().startswith("sep=")
            is_header_passed = not is_comment
            continue
        yield number, fields


def _all_rows(lines: Iterator[tuple[int, str | None]], delimiter: str) -> Iterator[CsvRow]:
    waiting: list[tuple[int, str]] = []
    quotes = 0
    for number, line in lines:
        if line is None:
            yield from _lone(waiting, delimiter)
            waiting, quotes = [], 0
            yield number, None
            continue
        if not waiting and '"' not in line:
            yield number, line.rstrip("\r\n").split(delimiter)
            continue
        waiting.append((number, line))
        quotes += line.count('"')
        if quotes % 2 == 0:
            yield from _together(waiting, delimiter)
            waiting, quotes = [], 0
        elif len(waiting) >= _QUOTED_LINES_MAX:
            yield from _lone(waiting, delimiter)
            waiting, quotes = [], 0
    yield from _lone(waiting, delimiter)


def _together(waiting: list[tuple[int, str]], delimiter: str) -> Iterator[CsvRow]:
    reader = csv.reader((line for _, line in waiting), delimiter=delimiter)
    begin = 0
    try:
        for fields in reader:
            yield waiting[begin][0], fields
            begin = reader.line_num
    except csv.Error:
        yield waiting[min(begin, len(waiting) - 1)][0], None


def _lone(waiting: list[tuple[int, str]], delimiter: str) -> Iterator[CsvRow]:
    for number, line in waiting:
        yield number, _split_line(line.rstrip("\r\n"), delimiter)


def _split_line(line: str, delimiter: str) -> list[str]:
    if line.count('"') % 2 == 0:
        try:
            return next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            pass
    return [field.strip('"') for field in line.split(delimiter)]
