"""JSON read piece by piece: values one after another, no more than one of them in memory.

The standard parser decodes each value (in C, bounded in depth and digits). A streaming parser
was tried first: the one in the locked list ends the process on a number of 5,000 digits and
takes all memory on deep nesting.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

VALUE_MAX_CHARS = 16 << 20
_TRIM_CHARS = 1 << 20
_BLANK = re.compile(r"[ \t\r\n]*")
_NUMBER_MAX_DIGITS = 400
_TOKEN_MAX_CHARS = 16


class BrokenJsonError(ValueError):
    """The text is no JSON from here on.

    Args:
        byte: Position in the file.
        is_end: The file ends too early.
    """

    def __init__(self, byte: int, *, is_end: bool) -> None:
        super().__init__(f"ends too early at byte {byte}" if is_end else f"breaks at byte {byte}")


class JsonText:
    """A JSON text that is read on while its values are taken.

    Args:
        pieces: The text; bytes that are no UTF-8 as lone surrogates.
        encoding: Of the file, for positions in it.
        begin_byte: Position of the text's first byte.
    """

    def __init__(self, pieces: Iterator[str], encoding: str, begin_byte: int) -> None:
        self._pieces, self._encoding, self._passed_bytes = pieces, encoding, begin_byte
        self._text, self._at, self._is_end = "", 0, False
        self._decoder = json.JSONDecoder(
            parse_int=_integer, parse_float=_fraction, parse_constant=str
        )

    def peek(self) -> str:
        """Return the next character that is no blank; empty at the end."""
        while True:
            found = _BLANK.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, char: str) -> None:
        """Pass over one character that must stand here."""
        if self.peek() != char:
            raise self._broken(self._at)
        self._at += 1

    def expect_end(self) -> None:
        """Raise BrokenJsonError where anything but blanks follows."""
        if self.peek():
            raise self._broken(self._at)

    def value(self) -> tuple[Any, str]:
        """Decode the value that stands here; return it and its text.

        Raises:
            BrokenJsonError: It is none, or larger than the bound; the position stays here.
            RecursionError: It is nested too deeply; the position stays here.
        """
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                behind = error.pos - self._at  # reading on moves the text
                if not (self._may_be_cut(error) and self._double()):
                    raise self._broken(self._at + behind) from error
                continue
            is_open = end == len(self._text) and not isinstance(value, dict | list | str)
            if is_open and self._more():
                continue
            source = self._text[self._at : end]
            self._at = end
            if end > _TRIM_CHARS:
                self._trim()
            return value, source

    def skip_to(self, start: re.Pattern[str]) -> bool:
        """Go to the next place where a pattern's group 1 matches, within the bound."""
        while True:
            found = start.search(self._text, self._at + 1)
            if found:
                self._at = found.start(1)
                return True
            if not self._double():
                return False

    def _may_be_cut(self, error: json.JSONDecodeError) -> bool:
        # Any other error stands whatever follows, and need not be waited for.
        is_near_end = error.pos >= len(self._text) - _TOKEN_MAX_CHARS
        return is_near_end or error.msg.startswith("Unterminated string")

    def _more(self) -> bool:
        self._trim()
        piece = "" if self._is_end else next(self._pieces, "")
        self._is_end = not piece
        self._text += piece
        return bool(piece)

    def _double(self) -> bool:
        held = len(self._text) - self._at
        if held >= VALUE_MAX_CHARS or self._is_end:
            return False
        has_more = self._more()
        while has_more and len(self._text) < 2 * held:
            has_more = self._more()
        return len(self._text) - self._at > held

    def _trim(self) -> None:
        self._passed_bytes += self._bytes(self._text[: self._at])
        self._text, self._at = self._text[self._at :], 0

    def _bytes(self, text: str) -> int:
        if text.isascii() and self._encoding == "utf-8":
            return len(text)
        errors = "surrogateescape" if self._encoding == "utf-8" else "surrogatepass"
        return len(text.encode(self._encoding, errors))

    def _broken(self, at: int) -> BrokenJsonError:
        is_end = self._is_end and (at >= len(self._text) or self._ends_inside(at))
        at = len(self._text) if is_end else at
        return BrokenJsonError(self._passed_bytes + self._bytes(self._text[:at]), is_end=is_end)

    def _ends_inside(self, at: int) -> bool:
        # A text that was never closed is reported at its first quote.
        return self._text[at] == '"' and self._text.find('"', at + 1) < 0


def _integer(text: str) -> int | str:
    return int(text) if len(text) <= _NUMBER_MAX_DIGITS else text


def _fraction(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text
