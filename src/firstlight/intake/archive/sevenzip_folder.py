"""One folder of a 7z archive: unlocked, decompressed once, handed out part by part."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from functools import partial
from typing import Final

from firstlight.errors import (
    DecodeError,
    InputError,
    LimitError,
    NotOpenedError,
    UnreadableError,
)
from firstlight.intake.archive.locked import TRIAL_BYTES, Passwords
from firstlight.intake.archive.member import Unpacking
from firstlight.intake.archive.sevenzip_coder import (
    CRYPT,
    decompress,
    is_compressing,
    is_known,
)
from firstlight.intake.archive.sevenzip_header import Folder
from firstlight.intake.archive.sevenzip_lock import (
    KeyMaker,
    Keys,
    UnlockedStream,
    parse_settings,
    unlock,
)
from firstlight.intake.archive.stream import (
    CHUNK_BYTES,
    ByteStream,
    ExactStream,
    ResumedStream,
    Window,
)

_UNKNOWN: Final = "the member's compression method is not opened yet"
_BLOCK_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Part:
    """Where a file lies in its folder.

    Args:
        checksum: None when it is not stated.
    """

    start: int
    size_bytes: int
    checksum: int | None


class Opening:
    """What all folders of one archive share.

    Args:
        body: The archive behind its first header.
    """

    def __init__(self, body: Window, unpacking: Unpacking, passwords: Passwords) -> None:
        self.body = body
        self.unpacking = unpacking
        self.passwords = passwords
        self.keys = Keys(unpacking.tick)


class FolderReader:
    """Decompresses a folder from its start, and hands out its parts in order.

    Args:
        what: What a lock locks: ``the member`` or ``the archive``.
    """

    def __init__(self, folder: Folder, opening: Opening, what: str = "the member") -> None:
        self._folder = folder
        self._opening = opening
        self._what = what
        self._is_locked = any(coder.method == CRYPT for coder in folder.shape.coders)
        self._stream: ByteStream | None = None
        self._position = 0
        self._error: InputError | None = None
        self._refusal: InputError | None = None

    def refusal(self) -> InputError | None:
        """Say why nothing in it can be opened; None when that is not known beforehand."""
        if not is_known(self._folder.shape.coders):
            return NotOpenedError(_UNKNOWN)
        if self._is_locked and not self._opening.passwords:
            return self._opening.passwords.refusal(self._what)
        return None

    def open_part(self, part: Part) -> ByteStream:
        """Go to a part; earlier ones that were not read are decompressed and left.

        Raises:
            InputError: It cannot be reached; the same error for all that follow in the folder.
        """
        if self._refusal is not None:
            raise self._refusal
        if self._stream is None or self._position > part.start:
            self._position, self._error = 0, None
            try:
                self._stream = self._open()
            except InputError as error:
                self._refusal = error
                raise
        while self._position < part.start:
            self.read(min(CHUNK_BYTES, part.start - self._position))
        if self._error is not None:
            raise self._error
        return _PartStream(self, part)

    def read(self, size_bytes: int) -> bytes:
        """Read on in the folder, counted."""
        if self._error is not None:
            raise self._error
        if self._stream is None:
            return b""
        try:
            data = self._stream.read(size_bytes)
            self._opening.unpacking.gauge.spend(len(data))
        except InputError as error:
            self._error = error
            raise
        self._position += len(data)
        self._opening.unpacking.tick()
        return data

    def _open(self) -> ByteStream:
        if not self._is_locked:
            return self._decompressed(None)
        passwords = self._opening.passwords
        for password in passwords.in_order():
            stream = self._tried(self._opening.keys.maker(password))
            if stream is not None:
                passwords.prove(password)
                return stream
        raise passwords.refusal(self._what)

    def _packed(self) -> Window:
        body, folder = self._opening.body, self._folder
        return body.part(folder.start, folder.packed_bytes)

    def _decompressed(self, key_maker: KeyMaker | None) -> ByteStream:
        shape = self._folder.shape
        packed = ExactStream(self._packed(), self._folder.packed_bytes)
        step = partial(unlock, key_maker or _no_key)
        tick = self._opening.unpacking.tick
        return decompress(shape.coders, self._folder.sizes, packed, step, tick)

    def _tried(self, key_maker: KeyMaker) -> ByteStream | None:
        """Unlock with one password: what comes out must decompress and have its checksum.

        The first part decides, or its first 16 MB where it is longer and compressed; of a
        longer one that is stored, first the zeros that fill up the last block, then all of it.
        """
        is_sure = is_compressing(self._folder.shape.coders)
        if not is_sure and not self._ends_in_zeros(key_maker):
            return None
        stream = self._decompressed(key_maker)
        size_bytes, checksum = next(iter(self._folder.parts), 0), None
        if self._folder.checksums:
            checksum = self._folder.checksums[0]
        held: list[bytes] | None = []
        seen_bytes = found = 0
        try:
            while seen_bytes < size_bytes:
                data = stream.read(min(CHUNK_BYTES, size_bytes - seen_bytes))
                self._opening.unpacking.tick()
                found = zlib.crc32(data, found)
                seen_bytes += len(data)
                if held is not None:
                    held.append(data)
                if seen_bytes > TRIAL_BYTES:
                    if is_sure:
                        break
                    held = None
        except (UnreadableError, LimitError, NotOpenedError):
            raise
        except InputError:
            return None
        if seen_bytes == size_bytes and checksum is not None and found != checksum:
            return None
        if held is None:
            return self._decompressed(key_maker)
        return ResumedStream(b"".join(held), stream, None)

    def _ends_in_zeros(self, key_maker: KeyMaker) -> bool:
        coder, packed = self._folder.shape.coders[0], self._packed()
        filled = self._folder.sizes[0] % _BLOCK_BYTES
        if coder.method != CRYPT or not filled or packed.size_bytes < 2 * _BLOCK_BYTES:
            return True
        last = packed.at(packed.size_bytes - 2 * _BLOCK_BYTES, 2 * _BLOCK_BYTES)
        key = key_maker(parse_settings(coder.settings))
        plain = UnlockedStream(io.BytesIO(last[_BLOCK_BYTES:]), key, last[:_BLOCK_BYTES]).read(
            _BLOCK_BYTES
        )
        return not any(plain[filled:])


class _PartStream:
    """One file of a folder, its checksum verified at the end."""

    def __init__(self, folder: FolderReader, part: Part) -> None:
        self._folder = folder
        self._left_bytes = part.size_bytes
        self._checksum = part.checksum
        self._found = 0

    def read(self, size_bytes: int, /) -> bytes:
        """Read on.

        Raises:
            DecodeError: Damaged, or other bytes than the archive states.
            TruncatedError: The archive ends inside the folder.
            LimitError: A bound is exceeded.
        """
        size_bytes = min(size_bytes, self._left_bytes, CHUNK_BYTES)
        if size_bytes <= 0:
            if self._checksum is not None and self._found != self._checksum:
                raise DecodeError("the member's checksum differs from what the archive states")
            return b""
        data = self._folder.read(size_bytes)
        self._found = zlib.crc32(data, self._found)
        self._left_bytes -= len(data)
        return data


def _no_key(_settings: object) -> bytes:
    raise DecodeError("the compressed content is damaged")
