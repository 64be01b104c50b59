"""Telling videos and sounds apart: probes behind the signatures of ``content_types.json``.

Each probe takes head, tail and size of a content and names its type, or None.
"""

from __future__ import annotations

from typing import Final

from firstlight.intake.content_table import type_table

_RIFF_TYPES: Final = {
    b"WEBP": "image/webp",
    b"AVI ": "video/x-msvideo",
    b"AVIX": "video/x-msvideo",
    b"WAVE": "audio/x-wav",
    b"RMID": "audio/midi",
    b"ACON": "image/x-icon",
}
_QUICKTIME_ATOMS: Final = frozenset(
    (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"uuid", b"ftyp", b"udta")
)
_TRANSPORT_PACKETS: Final = ((188, 0), (192, 4), (204, 0))

# Bit rates in kbit/s of MPEG-1 layer III, II, I and MPEG-2 layer II/III, I (ISO 11172-3, 13818-3).
_RATES: Final = {
    (3, 1): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (3, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (3, 3): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (2, 1): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
}
_SAMPLE_RATES_HZ: Final = {
    3: (44100, 48000, 32000),
    2: (22050, 24000, 16000),
    0: (11025, 12000, 8000),
}


def probe_iso_media(head: bytes, _tail: bytes, size_bytes: int) -> str | None:
    """Tell HEIC, AVIF, CR3, MP4, QuickTime, 3GP and M4A apart by their brands."""
    length = int.from_bytes(head[:4], "big")
    if not 8 <= length <= max(size_bytes, 8) or length > 4096:
        return None
    table = type_table()
    major = head[8:12]
    known = table.brands.get(major)
    if known is not None:
        return known
    compatible = [head[at : at + 4] for at in range(16, min(length, len(head)), 4)]
    if major in table.picture_brands:
        named = (table.brands.get(brand, "") for brand in compatible)
        return next((mime for mime in named if mime.startswith("image/")), "image/heif")
    return "video/mp4"


def probe_quicktime(head: bytes, _tail: bytes, size_bytes: int) -> str | None:
    """Accept old QuickTime, without ``ftyp``, when its atoms follow one another."""
    length = int.from_bytes(head[:4], "big")
    if length == 1:
        length = int.from_bytes(head[8:16], "big")
    if not 8 <= length <= size_bytes:
        # A recording that was cut off states more than is there.
        return "video/quicktime" if head[4:8] in (b"moov", b"mdat") and length > 8 else None
    follower = head[length + 4 : length + 8]
    is_sound = not follower or follower in _QUICKTIME_ATOMS
    return "video/quicktime" if is_sound else None


def probe_riff(head: bytes, _tail: bytes, _size_bytes: int) -> str | None:
    """Tell WebP, AVI and WAV apart by their form type."""
    return _RIFF_TYPES.get(head[8:12])


def probe_iff(head: bytes, _tail: bytes, _size_bytes: int) -> str | None:
    """Know AIFF among the IFF forms."""
    return "audio/x-aiff" if head[8:12] in (b"AIFF", b"AIFC") else None


def probe_ebml(head: bytes, _tail: bytes, _size_bytes: int) -> str:
    """Tell WebM from Matroska by the document type in the EBML header."""
    at = head.find(b"\x42\x82", 4, 128)
    return "video/webm" if at > 0 and head[at + 3 : at + 7] == b"webm" else "video/x-matroska"


def probe_ogg(head: bytes, _tail: bytes, _size_bytes: int) -> str:
    """Tell Ogg video from sound by the codecs of the first pages."""
    is_video = any(mark in head[:512] for mark in (b"\x80theora", b"BBCD\x00", b"\x01video"))
    return "video/ogg" if is_video else "audio/ogg"


def probe_flash(head: bytes, _tail: bytes, size_bytes: int) -> str | None:
    """Accept Flash with a plausible version and stated length."""
    length = int.from_bytes(head[4:8], "little")
    is_sane = 0 < head[3] < 64 if len(head) >= 8 else False
    return "application/x-shockwave-flash" if is_sane and length >= min(size_bytes, 9) else None


def probe_id3(head: bytes, _tail: bytes, _size_bytes: int) -> str | None:
    """Accept an ID3 tag with a known version and a syncsafe length."""
    is_sane = len(head) >= 10 and head[3] <= 4 and all(byte < 128 for byte in head[6:10])
    return "audio/mpeg" if is_sane else None


def probe_ac3(head: bytes, _tail: bytes, _size_bytes: int) -> str | None:
    """Accept AC-3 with a valid rate code and stream version."""
    is_sane = len(head) >= 7 and head[4] >> 6 != 3 and head[4] & 63 < 38 and head[5] >> 3 <= 10
    return "audio/ac3" if is_sane else None


def probe_mpeg_audio(head: bytes, _tail: bytes, size_bytes: int) -> str | None:
    """Accept MPEG sound only when two frames follow one another."""
    if head[1] & 0xF6 == 0xF0:
        return _probe_adts(head, size_bytes)
    length = _frame_bytes(head[:4])
    if length is None:
        return None
    if length + 4 > len(head):
        return "audio/mpeg" if len(head) == size_bytes == length else None
    return "audio/mpeg" if _frame_bytes(head[length : length + 4]) is not None else None


def _probe_adts(head: bytes, size_bytes: int) -> str | None:
    if len(head) < 9:
        return None
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    follower = head[length : length + 2]
    is_next = len(follower) == 2 and follower[0] == 0xFF and follower[1] & 0xF6 == 0xF0
    return "audio/aac" if length >= 9 and (is_next or length == size_bytes) else None


def _frame_bytes(header: bytes) -> int | None:
    """Length of the MPEG audio frame that this header opens; None when it is not one."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    rate_code, sample_code, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer == 0 or not 0 < rate_code < 15 or sample_code == 3:
        return None
    rate_bps = _RATES[3 if version == 3 else 2, layer][rate_code - 1] * 1000
    sample_rate_hz = _SAMPLE_RATES_HZ[version][sample_code]
    if layer == 3:
        return (12 * rate_bps // sample_rate_hz + padding) * 4
    slots = 72 if version != 3 and layer == 1 else 144
    return slots * rate_bps // sample_rate_hz + padding


def probe_transport_stream(head: bytes, _tail: bytes, _size_bytes: int) -> str | None:
    """Know an MPEG transport stream by its sync bytes at a packet's distance."""
    for length, start in _TRANSPORT_PACKETS:
        marks = head[start : start + 8 * length : length]
        if len(marks) >= 4 and marks == b"\x47" * len(marks):
            return "video/mp2t"
    return None
