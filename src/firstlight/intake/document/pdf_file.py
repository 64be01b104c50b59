"""A PDF's objects through pypdf: opened with the unit's passwords, bounded, one at a time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, Final

from pypdf import PdfReader, apply_configuration
from pypdf.generic import IndirectObject, NullObject

from firstlight.errors import InputError
from firstlight.intake.archive.locked import Passwords
from firstlight.intake.archive.member import Unpacking
from firstlight.intake.archive.stream import Window
from firstlight.intake.document.held import as_file

_SEARCHES_MAX: Final = 32
_STREAM_MAX_BYTES: Final = 1 << 28
_HEADER_BYTES: Final = 64
_END: Final = b"%%EOF"
_END_LOOKED_AT_BYTES: Final = 1 << 12
_END_WITHOUT_TABLES: Final = b"\nstartxref\n0\n%%EOF\n"

# Its warnings may hold text of the document.
logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)


class _BoundedReader(PdfReader):
    """Searches the whole file for objects that are not where they should be only so often."""

    _searches = 0
    is_damaged = False

    def get_object(self, indirect_reference: Any) -> Any:
        """Give an object; nothing once too many were not where they should be."""
        number = getattr(indirect_reference, "idnum", indirect_reference)
        generation = getattr(indirect_reference, "generation", 0)
        if not self._is_placed(number, generation):
            self._searches += 1
            if self._searches > _SEARCHES_MAX:
                return NullObject()
        return super().get_object(indirect_reference)

    def _is_placed(self, number: int, generation: int) -> bool:
        """Whether an object is where the tables say; one that they do not name is no damage."""
        if (generation, number) in self.resolved_objects:
            return True
        if generation == 0 and number in self.xref_objStm:
            return True
        if self.xref_free_entry.get(generation, {}).get(number, False):
            return True
        place = self.xref.get(generation, {}).get(number)
        if place is None:
            return False
        position = self.stream.tell()
        self.stream.seek(place)
        words = self.stream.read(_HEADER_BYTES).split(None, 2)
        self.stream.seek(position)
        is_there = [word.lstrip(b"0") or b"0" for word in words[:2]] == [
            b"%d" % number,
            b"%d" % generation,
        ]
        self.is_damaged = self.is_damaged or not is_there
        return is_there


def _open(window: Window) -> _BoundedReader:
    """Open by the file's own tables; where they cannot be used, by a search for its objects."""
    if _END in window.at(max(0, window.size_bytes - _END_LOOKED_AT_BYTES), _END_LOOKED_AT_BYTES):
        try:
            return _BoundedReader(as_file(window))
        except InputError:
            raise
        except Exception:  # noqa: BLE001, S110 - whatever it was, the search does without it
            pass
    reader = _BoundedReader(as_file(window, _END_WITHOUT_TABLES))
    reader.is_damaged = True
    return reader


class PdfFile:
    """A PDF that is open for reading.

    Raises:
        EncryptedError: No password of the unit opens it.
        Exception: Whatever pypdf raises on what it cannot read.
    """

    def __init__(self, window: Window, unpacking: Unpacking) -> None:
        with _configured():
            self._reader = _open(window)
            self.is_encrypted = self._reader.is_encrypted
            if self.is_encrypted:
                self._unlock(unpacking)

    @property
    def is_damaged(self) -> bool:
        """Whether objects were not where the file says."""
        return self._reader.is_damaged

    def numbers(self) -> list[tuple[int, int]]:
        """List number and generation of all objects in use, in the order of the numbers."""
        reader = self._reader
        found = {
            (number, generation)
            for generation, places in reader.xref.items()
            if generation != 65535
            for number in places
            if not reader.xref_free_entry.get(generation, {}).get(number, False)
        }
        found |= {(number, 0) for number in reader.xref_objStm}
        return sorted(found)

    def read(self, number: int, generation: int) -> Any:
        """Read an object; it is not kept.

        Raises:
            Exception: Whatever pypdf raises on what it cannot read.
        """
        reader = self._reader
        with _configured():
            found = reader.get_object(IndirectObject(number, generation, reader))
        if hasattr(found, "_data"):
            # Streams would fill the memory; all else is small and asked for again.
            reader.resolved_objects.pop((generation, number), None)
        return found

    def _unlock(self, unpacking: Unpacking) -> None:
        passwords = Passwords(unpacking, in_legacy_forms=False)
        for password in (b"", *passwords.in_order()):
            try:
                if self._reader.decrypt(password):
                    return
            except InputError:
                raise
            except (ValueError, UnicodeError):
                continue
        raise passwords.refusal("the document")


def _configured() -> Any:
    return apply_configuration(
        maximum_declared_stream_length=_STREAM_MAX_BYTES,
        jbig2dec_binary=None,
        disable_legacy_handling=True,
    )


def raw_data(stream: Any) -> bytes:
    """Give a stream's data as stored, its encryption undone."""
    data = getattr(stream, "_data", b"")
    return bytes(data) if isinstance(data, bytes | bytearray) else b""


def is_stream(found: Any) -> bool:
    """Whether an object is a stream."""
    return hasattr(found, "_data") and isinstance(found, dict)


def references(value: Any, depth: int = 0) -> Iterator[Any]:
    """Give a dictionary and those directly inside it, not through references."""
    if depth > 3:
        return
    if isinstance(value, dict):
        yield value
        for part in dict.values(value):
            yield from references(part, depth + 1)
    elif isinstance(value, list):
        for part in list.__iter__(value):
            yield from references(part, depth + 1)
