"""What a content is: decided by its bytes and never by its name.

A table of signatures (``content_types.json``) names most types; where a signature says only
which family it is (ZIP, TIFF, ISO media, RIFF), a probe looks closer. Nothing is decoded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from firstlight.intake import content_container, content_media, content_picture, content_text
from firstlight.intake.content_table import EMPTY_MIME, UNKNOWN_MIME, Signature, type_table
from firstlight.model.media import ContentType, MediaKind

HEAD_BYTES: Final = 1 << 16
"""Bytes from the start that ``sniff`` can make use of."""

TAIL_BYTES: Final = 1 << 12
"""Bytes from the end that ``sniff`` can make use of (disk images are known by their trailers)."""

Probe = Callable[[bytes, bytes, int], str | None]

_PROBES: Final[dict[str, Probe]] = {
    "png": content_picture.probe_png,
    "bmp": content_picture.probe_bmp,
    "icon": content_picture.probe_icon,
    "pcx": content_picture.probe_pcx,
    "anymap": content_picture.probe_anymap,
    "jxl": content_picture.probe_jxl,
    "jpeg2000": content_picture.probe_jpeg2000,
    "tiff": content_picture.probe_tiff,
    "iso-bmff": content_media.probe_iso_media,
    "quicktime": content_media.probe_quicktime,
    "riff": content_media.probe_riff,
    "iff": content_media.probe_iff,
    "ebml": content_media.probe_ebml,
    "ogg": content_media.probe_ogg,
    "flash": content_media.probe_flash,
    "id3": content_media.probe_id3,
    "ac3": content_media.probe_ac3,
    "mpeg-audio": content_media.probe_mpeg_audio,
    "zip": content_container.probe_zip,
    "bzip2": content_container.probe_bzip2,
    "zstd-skippable": content_container.probe_zstd_skippable,
    "arj": content_container.probe_arj,
    "lha": content_container.probe_lha,
    "lzma": content_container.probe_lzma,
    "ole": content_container.probe_ole,
    "ewf": content_container.probe_ewf,
    "sqlite": content_container.probe_sqlite,
    "windows-program": content_container.probe_windows_program,
    "font": content_container.probe_font,
}

# Tried in this order when no signature fits; the surer ones come first.
_LAST_PROBES: Final[tuple[Probe, ...]] = (
    content_container.probe_tar,
    content_container.probe_disk,
    content_container.probe_trailer,
    content_container.probe_android_thumbnails,
    content_container.probe_late_pdf,
    content_media.probe_transport_stream,
    content_picture.probe_targa,
    content_text.probe_text,
)

_TEXT_LIKE: Final = frozenset((MediaKind.DOCUMENT, MediaKind.OTHER))


def sniff(head: bytes, *, size_bytes: int, tail: bytes = b"") -> ContentType:
    """Tell the type of a content.

    Args:
        head: Its first bytes, up to ``HEAD_BYTES`` (fewer make it less sure).
        size_bytes: Its whole size.
        tail: Its last bytes, up to ``TAIL_BYTES``, when they are at hand.
    Cost: Microseconds for most contents; at most a few passes over the head.
    """
    table = type_table()
    if size_bytes == 0 or not head:
        return table.types[EMPTY_MIME if size_bytes == 0 else UNKNOWN_MIME]
    for signature in (*table.by_first_byte.get(head[0], ()), *table.elsewhere):
        if signature.fits(head):
            mime = _decide(signature, head, tail, size_bytes)
            if mime is not None:
                return table.types[mime]
    for probe in _LAST_PROBES:
        mime = probe(head, tail, size_bytes)
        if mime is not None:
            return table.types[mime]
    return table.types[UNKNOWN_MIME]


def _decide(signature: Signature, head: bytes, tail: bytes, size_bytes: int) -> str | None:
    if signature.probe is None:
        return signature.mime
    return _PROBES[signature.probe](head, tail, size_bytes)


def content_type_of(mime: str) -> ContentType:
    """Give the row of the table for a type; unknown content for a type it does not hold."""
    types = type_table().types
    return types.get(mime, types[UNKNOWN_MIME])


def claimed_mime(name: bytes) -> str | None:
    """Say which type a name claims by its extension; None when it claims none that we know.

    Args:
        name: A path or a member's name, exact bytes.
    """
    stem, dot, extension = name.rpartition(b"/")[2].rpartition(b".")
    if not dot or not stem:
        return None
    return type_table().extensions.get(extension.lower())


def is_mismatch(claimed: str | None, found: str) -> bool:
    """Whether a name claims something else than the content is.

    Types of one family that are often named for each other (MP4 and QuickTime, TIFF and raw
    formats built on it, ZIP and documents inside ZIP) do not count, nor does an empty file.

    Args:
        claimed: From ``claimed_mime``.
        found: ``ContentType.mime`` from ``sniff``.
    """
    if claimed is None or found in (claimed, EMPTY_MIME):
        return False
    table = type_table()
    if found == UNKNOWN_MIME:
        return table.types[claimed].kind not in _TEXT_LIKE
    return not any(claimed in group and found in group for group in table.equivalents)


def is_openable_archive(mime: str) -> bool:
    """Whether ``intake.archive`` opens this type."""
    return mime in type_table().opened


def is_unopened_container(mime: str) -> bool:
    """Whether this type may hold media that nothing opens yet: never to be read as "no media"."""
    return mime in type_table().not_opened
