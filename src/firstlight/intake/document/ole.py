"""Word, Excel, PowerPoint, Outlook and Windows' old thumbnail stores: OLE compound files.

Given are the pictures in them, embedded files and objects, attachments and texts of messages.
The documents' own text is not given.
Source: [MS-CFB], [MS-OLEDS] 2.3.6, [MS-OXMSG], [MS-DOC] 2.5.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from firstlight.errors import EncryptedError, InputError, LimitError, TruncatedError
from firstlight.intake.archive.member import Member, Unpacking, failed_member
from firstlight.intake.archive.stream import ByteStream, Window
from firstlight.intake.content_type import (
    HEAD_BYTES,
    is_openable_archive,
    is_unopened_container,
    sniff,
)
from firstlight.intake.document.blip import (
    Blip,
    bitmap_file,
    find_blips,
    read_workbook,
    take_metafile,
)
from firstlight.intake.document.compound import CompoundFile, CompoundStream
from firstlight.intake.document.held import held_member, need_window, window_member
from firstlight.intake.document.old_thumbnail import read_catalog, strip_thumbnail
from firstlight.model.media import DECODED_KINDS, FileFacts

_ATTACHED: Final = "__substg1.0_37010102"
_ATTACHED_NAMES: Final = ("3707001F", "3707001E", "3704001F", "3704001E", "3001001F", "3001001E")
_MESSAGE_TEXTS: Final = tuple(
    f"__substg1.0_{tag}" for tag in ("1000001F", "1000001E", "10130102", "1013001F", "10090102")
)
_WORKBOOKS: Final = ("Workbook", "Book")
_LOCKED: Final = "the document is encrypted"
_NAME_MAX_BYTES: Final = 2048
_HELD_MAX_BYTES: Final = 1 << 28


def ole_members(source: ByteStream, unpacking: Unpacking) -> Iterator[Member]:
    """Give what a compound file holds: pictures, embedded files, attachments."""
    streams = CompoundFile(need_window(source)).streams()
    reader = _OleReader(streams, unpacking)
    for stream in streams:
        unpacking.tick()
        yield from reader.read(stream)


class _OleReader:
    """One compound file while its streams are read."""

    def __init__(self, streams: list[CompoundStream], unpacking: Unpacking) -> None:
        self._unpacking = unpacking
        self._by_path = {stream.path: stream for stream in streams}
        catalog = self._by_path.get(("Catalog",))
        self._originals = {} if catalog is None else read_catalog(catalog.open())
        self._ordinal = 0

    def read(self, stream: CompoundStream) -> Iterator[Member]:
        """Give what one stream holds."""
        if not stream.size_bytes:
            return
        window, own_name = stream.open(), stream.path[-1]
        # Streams may share their bytes: what is read counts as what is unpacked.
        self._unpacking.gauge.spend(window.size_bytes)
        name = "/".join(stream.path).encode("utf-8", "replace")
        if window.size_bytes < stream.size_bytes:
            self._unpacking.report(TruncatedError("the document is cut off or damaged"))
        if own_name == _ATTACHED:
            yield self._window(self._attached_name(stream) or name, window)
        elif own_name == "EncryptedPackage":
            yield self._failed(name, window.size_bytes, EncryptedError(_LOCKED))
        elif own_name == "\x01Ole10Native":
            yield self._native(name, window)
        elif own_name in _MESSAGE_TEXTS or _is_file(window):
            yield self._window(name, window)
        elif (thumbnail := strip_thumbnail(window)) is not None:
            original, mtime_ns = self._originals.get(own_name, (b"", None))
            yield self._window(original or name, thumbnail, mtime_ns)
        else:
            yield from self._pictures(window, own_name, name)

    def _pictures(self, window: Window, own_name: str, name: bytes) -> Iterator[Member]:
        is_locked = False
        if own_name == "WordDocument":
            is_locked = bool(int.from_bytes(window.at(10, 2), "little") & 0x0100)
        elif own_name in _WORKBOOKS and window.size_bytes <= _HELD_MAX_BYTES:
            joined, is_locked = read_workbook(window, self._unpacking)
            window = held_member(b"", 0, joined).window or window
        elif own_name == "EncryptedSummary":
            is_locked = True
        if is_locked:
            self._unpacking.report(EncryptedError(_LOCKED))
        for number, blip in enumerate(find_blips(window, self._unpacking), 1):
            yield self._picture(b"%s/%d.%s" % (name, number, blip.ending), blip)

    def _picture(self, name: bytes, blip: Blip) -> Member:
        if blip.is_cut:
            error: InputError = TruncatedError("the document ends inside a picture")
            return self._failed(name, blip.data.size_bytes, error)
        if blip.ending in (b"jpg", b"png", b"tif"):
            return self._window(name, blip.data)
        try:
            content = self._take_out(blip)
        except InputError as error:
            if self._unpacking.gauge.exceeded is not None:
                raise
            return self._failed(name, blip.data.size_bytes, error)
        return held_member(name, self._next_ordinal(), content)

    def _take_out(self, blip: Blip) -> bytes:
        if blip.data.size_bytes > _HELD_MAX_BYTES:
            raise LimitError("a picture in the document is larger than allowed")
        if blip.ending == b"bmp":
            return bitmap_file(blip.data.at(0, blip.data.size_bytes))
        return take_metafile(blip, self._unpacking)

    def _native(self, name: bytes, window: Window) -> Member:
        """Give a file that was packed into a document, under the name that it had."""
        head = window.at(0, 4096)
        at = 6
        label_end = head.find(b"\x00", at)
        path_end = head.find(b"\x00", label_end + 1)
        label = head[at:label_end]
        at = path_end + 1 + 4
        temporary = int.from_bytes(head[at : at + 4], "little")
        at += 4 + temporary
        size = int.from_bytes(window.at(at, 4), "little")
        is_sane = 0 <= label_end < path_end and 0 < size <= window.size_bytes - at - 4
        if not is_sane:
            return self._window(name, window)
        return self._window(label or name, window.part(at + 4, size))

    def _attached_name(self, stream: CompoundStream) -> bytes:
        for tag in _ATTACHED_NAMES:
            found = self._by_path.get((*stream.path[:-1], f"__substg1.0_{tag}"))
            if found is None:
                continue
            raw = found.open().at(0, _NAME_MAX_BYTES)
            if tag.endswith("E"):
                return raw.rstrip(b"\x00")
            text = raw[: len(raw) // 2 * 2].decode("utf-16-le", "replace").rstrip("\x00")
            return text.encode("utf-8", "replace")
        return b""

    def _window(self, name: bytes, window: Window, mtime_ns: int | None = None) -> Member:
        return window_member(name, self._next_ordinal(), window, mtime_ns)

    def _failed(self, name: bytes, size_bytes: int, error: InputError) -> Member:
        return failed_member(name, self._next_ordinal(), FileFacts(size_bytes), error)

    def _next_ordinal(self) -> int:
        self._unpacking.gauge.budget.count_member()
        self._ordinal += 1
        return self._ordinal - 1


def _is_file(window: Window) -> bool:
    """Whether a whole stream is a picture, a clip or a container by its content."""
    found = sniff(window.at(0, HEAD_BYTES), size_bytes=window.size_bytes)
    is_container = is_openable_archive(found.mime) or is_unopened_container(found.mime)
    return found.kind in DECODED_KINDS or is_container
