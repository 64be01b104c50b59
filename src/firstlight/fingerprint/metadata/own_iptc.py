"""The own reader of Photoshop's resource block and the IPTC records in it."""

from __future__ import annotations

from firstlight.fingerprint.metadata.own_view import Findings, legacy_text

_RECORDS_MAX = 2000
_NAMES = {
    5: "ObjectName",
    55: "DateCreated",
    60: "TimeCreated",
    65: "OriginatingProgram",
    70: "ProgramVersion",
    80: "By-line",
    90: "City",
    101: "Country-PrimaryLocationName",
    110: "Credit",
    115: "Source",
    116: "CopyrightNotice",
    120: "Caption-Abstract",
}
_IPTC_RESOURCE = 0x0404


def read_photoshop(raw: bytes, found: Findings) -> None:
    """Walk the resources of a Photoshop block to the IPTC record."""
    at = 0
    for _ in range(_RECORDS_MAX):
        if raw[at : at + 4] != b"8BIM" or at + 8 > len(raw):
            return
        number = int.from_bytes(raw[at + 4 : at + 6], "big")
        name_size = raw[at + 6]
        at += 7 + name_size
        at += (name_size + 1) % 2
        size = int.from_bytes(raw[at : at + 4], "big")
        at += 4
        if at + size > len(raw):
            found.fault("a Photoshop resource lies outside the content")
            return
        if number == _IPTC_RESOURCE:
            read_iptc(raw[at : at + size], found)
        at += size + size % 2


def read_iptc(raw: bytes, found: Findings) -> None:
    """Read the application record's texts."""
    if not found.may_read_block():
        return
    is_utf8 = False
    at = 0
    for _ in range(_RECORDS_MAX):
        if at + 5 > len(raw) or raw[at] != 0x1C:
            return
        record, dataset = raw[at + 1], raw[at + 2]
        size = int.from_bytes(raw[at + 3 : at + 5], "big")
        at += 5
        if size & 0x8000 or at + size > len(raw):
            found.fault("an IPTC record lies outside the content")
            return
        value = raw[at : at + size]
        at += size
        if record == 1 and dataset == 90:
            is_utf8 = value == b"\x1b%G"
        elif record == 2 and dataset in _NAMES:
            text = value.decode("utf-8", "replace") if is_utf8 else legacy_text(value)
            found.add("IPTC", "IPTC", _NAMES[dataset], text)
