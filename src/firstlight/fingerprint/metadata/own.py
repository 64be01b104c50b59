"""The own reader: the typed view's fields without exiftool, for the common picture formats."""

from __future__ import annotations

from firstlight.fingerprint.metadata.own_heif import BRANDS, read_heif
from firstlight.fingerprint.metadata.own_jpeg import read_jpeg
from firstlight.fingerprint.metadata.own_png import read_png, read_webp
from firstlight.fingerprint.metadata.own_tiff import read_tiff
from firstlight.fingerprint.metadata.own_view import ByteView, Findings

OWN_READER = "firstlight-exif"
OWN_READER_VERSION = "1"


def read_own(content: bytes | memoryview | int) -> Findings | None:
    """Read the metadata of a JPEG, TIFF (and RAW of its kind), HEIC, AVIF, PNG or WebP.

    Maker notes are not read: exiftool finds serials there that this reader does not.

    Args:
        content: The bytes, or an open descriptor of a regular file.

    Returns:
        What was found; None where this reader does not know the format, which is not the
        same as a content without metadata.
    """
    view = ByteView(content)
    head = view.read(0, 32)
    found = Findings()
    if head.startswith(b"\xff\xd8\xff"):
        read_jpeg(view, found)
    elif head[:4] in {b"II*\x00", b"MM\x00*", b"IIRO", b"IIRS", b"MMOR", b"IIU\x00"}:
        read_tiff(view, found)
    elif head.startswith(b"\x89PNG\r\n\x1a\n"):
        read_png(view, found)
    elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        read_webp(view, found)
    elif head[4:8] == b"ftyp" and _is_heif(head, view):
        read_heif(view, found)
    else:
        return None
    return found


def _is_heif(head: bytes, view: ByteView) -> bool:
    brands = view.read(8, min(256, max(0, int.from_bytes(head[:4], "big") - 8)))
    return any(brands[at : at + 4] in BRANDS for at in range(0, len(brands), 4))
