"""The own reader of JPEG: the segments before the picture's data."""

from __future__ import annotations

from firstlight.fingerprint.metadata.own_iptc import read_photoshop
from firstlight.fingerprint.metadata.own_tiff import read_tiff
from firstlight.fingerprint.metadata.own_view import ByteView, Findings, legacy_text
from firstlight.fingerprint.metadata.own_xmp import read_xmp

_SEGMENTS_MAX = 2000
_EXIF, _XMP, _PHOTOSHOP = b"Exif\x00", b"http://ns.adobe.com/xap/1.0/\x00", b"Photoshop 3.0\x00"
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})


def read_jpeg(view: ByteView, found: Findings) -> None:
    """Walk the segments up to the picture's data and read what carries metadata."""
    at = 2
    for _ in range(_SEGMENTS_MAX):
        head = view.read(at, 4)
        if len(head) < 4 or head[0] != 0xFF:
            found.fault("the JPEG's segments break off before the picture")
            return
        marker = head[1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _ALONE:
            at += 2
            continue
        if marker in {0xDA, 0xD9}:
            return
        size = int.from_bytes(head[2:], "big")
        if marker in {0xE1, 0xED, 0xFE} and size > 2:
            _segment(marker, view.part(at + 4, size - 2), found)
        at += 2 + max(2, size)
    found.fault("the JPEG has too many segments before the picture")


def _segment(marker: int, view: ByteView, found: Findings) -> None:
    head = view.read(0, 32)
    if marker == 0xFE:
        found.add("File", "File", "Comment", legacy_text(view.read(0, view.size)))
    elif marker == 0xE1 and head.startswith(_EXIF):
        read_tiff(view.part(6), found)
    elif marker == 0xE1 and head.startswith(_XMP):
        read_xmp(view.read(len(_XMP), view.size), found)
    elif marker == 0xED and head.startswith(_PHOTOSHOP):
        read_photoshop(view.read(len(_PHOTOSHOP), view.size), found)
