"""Archives: nested, doubled, locked, hostile, and kinds that can't be opened yet."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import zstandard

from examples.copies import save_jpeg
from examples.making import upright_picture
from examples.shelf import PUT_AT, Shelf, same_picture
from examples.truth import Item

Member = tuple[bytes, bytes]
PACKED_AT = (2026, 1, 1, 0, 0, 0)
EITHER = ("read", "failed", "not-opened")


def pack_zip(members: list[Member], *, deflate: bool = True) -> bytes:
    """Pack a zip; names are written as the bytes they are."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name.decode("utf-8", "replace"), PACKED_AT)
            info.compress_type = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
            archive.writestr(info, content)
    return file.getvalue()


def pack_tar(members: list[Member]) -> bytes:
    """Pack a tar; names are written as the bytes they are."""
    file = BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name.decode("utf-8", "surrogateescape"))
            info.size, info.mtime, info.mode = len(content), PUT_AT, 0o644
            archive.addfile(info, BytesIO(content))
    return file.getvalue()


def put_archives(shelf: Shelf, count: int) -> None:
    """Put all sorts of archives, the ordinary ones several times.

    Args:
        count: How often the ordinary sorts are repeated.
    """
    for turn in range(count):
        tail = b"" if not turn else b"-%d" % turn
        _put_nested(shelf, b"laptop/Archive/backup" + tail)
        _put_plain(shelf, b"laptop/Archive/album" + tail + b".zip", 4)
        for ending, squeeze in SQUEEZERS.items():
            path = b"phone/Download/export" + tail + b".tar." + ending.encode()
            members = _members(shelf, "phone", 2)
            _put(shelf, path, "tar-" + ending, squeeze(pack_tar([pair for _, pair in members])))
            _note(shelf, path, members)
    _put_hostile(shelf)
    _put_closed(shelf)


def _squeeze_gzip(content: bytes) -> bytes:
    return gzip.compress(content, 6, mtime=0)


SQUEEZERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": _squeeze_gzip,
    "bz2": bz2.compress,
    "xz": lambda content: lzma.compress(content, preset=1),
    "zst": lambda content: zstandard.ZstdCompressor(level=3).compress(content),
}


def _members(shelf: Shelf, source: str, count: int) -> list[tuple[Item, Member]]:
    """Take pictures to pack: every second one as it is, the others coded again."""
    members = []
    for number in range(count):
        original, content = shelf.take(source)
        name = b"pictures/%03d.jpg" % number
        item = same_picture(original, name, "in-archive", "exact")
        if number % 2:
            content = save_jpeg(upright_picture(content), 80)
            item = replace(item, variant="recompressed", camera=None, findings=())
        members.append((item, (name, content)))
    return members


def _put(shelf: Shelf, path: bytes, variant: str, content: bytes, **facts: object) -> None:
    source = path.split(b"/", 1)[0].decode()
    shelf.put(Item(path, source, "archive", variant, **facts), content)  # type: ignore[arg-type]


def _note(shelf: Shelf, archive: bytes, members: list[tuple[Item, Member]]) -> None:
    source = archive.split(b"/", 1)[0].decode()
    for item, (name, content) in members:
        shelf.note_member(replace(item, path=archive + b"!/" + name, source=source), content)


def _put_plain(shelf: Shelf, path: bytes, count: int) -> None:
    members = _members(shelf, "laptop", count)
    _put(shelf, path, "zip", pack_zip([pair for _, pair in members], deflate=False))
    _note(shelf, path, members)


def _put_nested(shelf: Shelf, stem: bytes) -> None:
    """Put a zip into a tar into a folder."""
    inner, outer = _members(shelf, "laptop", 3), _members(shelf, "laptop", 2)
    packed = pack_zip([pair for _, pair in inner])
    path = stem + b".tar"
    _put(shelf, path, "tar", pack_tar([(b"deep/inner.zip", packed), *(pair for _, pair in outer)]))
    _note(shelf, path, outer)
    within = Item(path + b"!/deep/inner.zip", "laptop", "archive", "zip-in-tar")
    shelf.note_member(within, packed)
    _note(shelf, within.path, inner)


def _put_hostile(shelf: Shelf) -> None:
    """Put archives that climb, link, repeat names, go too deep or blow up."""
    (first, (_, one)), (second, (_, two)), (third, (_, three)) = _members(shelf, "laptop", 3)
    path = b"laptop/Archive/climbing.tar"
    names = (b"../../climbed.jpg", b"/etc/rooted.jpg", b"odd\xff name.jpg")
    content = pack_tar(list(zip(names, (one, two, three), strict=True)))
    _put(shelf, path, "climbing", _with_link(content))
    for item, name, body in zip((first, second, third), names, (one, two, three), strict=True):
        _note(shelf, path, [(replace(item, outcomes=EITHER), (name, body))])
    shelf.items.append(Item(path + b"!/link.jpg", "laptop", "special", "link-in-archive",
                            outcomes=("skipped",)))  # fmt: skip
    doubled = b"laptop/Archive/doubled.zip"
    pairs = [(first, (b"same.jpg", one)), (second, (b"same.jpg", two))]
    _put(shelf, doubled, "doubled-names", _pack_doubled(pairs))
    _note(shelf, doubled, pairs)
    deep = one
    for level in range(9):
        deep = pack_zip([(b"%d.zip" % level if level else b"bottom.jpg", deep)])
    _put(shelf, b"laptop/Archive/deep.zip", "too-deep", deep, codes=("limit-exceeded",),
         outcomes=EITHER)  # fmt: skip
    bomb = pack_zip([(b"zeros.bmp", b"BM" + bytes(48_000_000))])
    _put(shelf, b"laptop/Archive/bomb.zip", "bomb", bomb, codes=("limit-exceeded",),
         outcomes=EITHER)  # fmt: skip


def _pack_doubled(pairs: list[tuple[Item, Member]]) -> bytes:
    """Pack a zip in which two members have one name, without Python's warning about it."""
    other = [(name[:-1] + b"%d" % number, body) for number, (_, (name, body)) in enumerate(pairs)]
    packed = pack_zip(other, deflate=False)
    for (name, _), (_, (wanted, _)) in zip(other, pairs, strict=True):
        packed = packed.replace(name, wanted)
    return packed


def _with_link(packed: bytes) -> bytes:
    file = BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as archive:
        link = tarfile.TarInfo("link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
    return file.getvalue()[:512] + packed


def _put_closed(shelf: Shelf) -> None:
    """Put what is locked, broken, or of a kind that can't be opened yet."""
    (_, (_, body)), (_, (_, other)) = _members(shelf, "laptop", 2)
    locked = pack_locked_zip(b"locked.jpg", body, b"tide")
    _put(shelf, b"laptop/Archive/locked.zip", "locked", locked, outcomes=EITHER,
         codes=("encrypted", "not-opened"))  # fmt: skip
    cut = pack_zip([(b"a.jpg", body), (b"b.jpg", other)])[: len(body) // 2]
    _put(shelf, b"laptop/Archive/cut.zip", "cut-off", cut, outcomes=EITHER,
         codes=("truncated", "decode-failed", "unreadable", "not-opened"))  # fmt: skip
    heads = {
        b"old.cab": b"MSCF\x00\x00\x00\x00",
        b"old.sparseimage": b"sprs\x00\x00\x00\x03",
        b"disk.vmdk": b"KDMV\x01\x00\x00\x00",
    }
    for name, head in heads.items():
        _put(
            shelf,
            b"laptop/Archive/" + name,
            name.rsplit(b".")[-1].decode().lower(),
            head + shelf.rng.bytes(3000),
            outcomes=("not-opened",),
            codes=("not-opened",),
        )


def pack_locked_zip(name: bytes, content: bytes, password: bytes) -> bytes:
    """Pack one member under the old zip encryption, which every tool still makes."""
    check = zlib.crc32(content)
    cipher = _OldCipher(password)
    sealed = cipher.seal(bytes(11) + bytes([check >> 24]) + content)
    common = struct.pack("<HHHHHIIIHH", 20, 1, 0, 0, 0x5C21, check, len(sealed), len(content),
                         len(name), 0)  # fmt: skip
    local = b"PK\x03\x04" + common + name + sealed
    central = b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, 0)
    central += name
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


class _OldCipher:
    """PKWARE's stream cipher (APPNOTE, section 6.1)."""

    def __init__(self, password: bytes) -> None:
        self._keys = [0x12345678, 0x23456789, 0x34567890]
        for byte in password:
            self._stir(byte)

    def _stir(self, byte: int) -> None:
        keys = self._keys
        keys[0] = _crc_step(keys[0], byte)
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = _crc_step(keys[2], keys[1] >> 24)

    def seal(self, plain: bytes) -> bytes:
        """Encrypt bytes in order."""
        sealed = bytearray()
        for byte in plain:
            mixed = self._keys[2] | 2
            sealed.append(byte ^ (mixed * (mixed ^ 1) >> 8 & 0xFF))
            self._stir(byte)
        return bytes(sealed)


def _crc_step(value: int, byte: int) -> int:
    return ~zlib.crc32(bytes([byte]), ~value & 0xFFFFFFFF) & 0xFFFFFFFF
