"""exiftool's arguments and its JSON."""

from __future__ import annotations

import json
import subprocess

import pytest

from firstlight.errors import DecodeError
from firstlight.fingerprint.metadata.exiftool import (
    EXIFTOOL_ARGUMENTS,
    EXIFTOOL_FIRST_ARGUMENTS,
    EXIFTOOL_TAG_ARGUMENTS,
    parse_exiftool,
)


def tags_of(record):
    return {tag.label: tag for tag in parse_exiftool(json.dumps([record]).encode()).tags}


def test_no_configuration_file_comes_first():
    assert EXIFTOOL_ARGUMENTS[:2] == ("-config", "")
    assert EXIFTOOL_ARGUMENTS == EXIFTOOL_FIRST_ARGUMENTS + EXIFTOOL_TAG_ARGUMENTS


def test_labels():
    tags = tags_of(
        {
            "SourceFile": "/proc/self/fd/5",
            "ExifTool:ExifToolVersion": "13.59",
            "File:System:FileName": "5",
            "File:FileType": "JPEG",
            "EXIF:IFD0:Make": "A",
            "EXIF:IFD1:Copy1:Make": "B",
            "EXIF:GPS:GPSStatus": "V",
            "MakerNotes:Canon:SerialNumber": "12",
            "XMP:XMP-xmp:CreatorTool": "C",
        }
    )
    assert list(tags) == [
        "File:FileType",
        "EXIF:Make",
        "IFD1:Make",
        "EXIF:GPSStatus",
        "Canon:SerialNumber",
        "XMP-xmp:CreatorTool",
    ]


def test_numbers_stay_as_they_were_written():
    raw = b'[{"EXIF:IFD0:Software":1.10,"Canon:SerialNumber":00,"EXIF:IFD0:Model":1e5}]'
    with pytest.raises(DecodeError):
        parse_exiftool(raw)
    tags = parse_exiftool(raw.replace(b"00", b"12345678901234567890")).tags
    assert [tag.text for tag in tags] == ["1.10", "12345678901234567890", "1e5"]


def test_duplicate_keys_are_all_kept():
    tags = parse_exiftool(b'[{"PNG:Comment":"a","PNG:Comment":"b"}]').tags
    assert [tag.text for tag in tags] == ["a", "b"]


def test_binary_values_say_their_size_only():
    tags = tags_of({"EXIF:IFD1:ThumbnailImage": "(Binary data 99 bytes, use -b option to extract)"})
    assert tags["IFD1:ThumbnailImage"].text == "(binary, 99 bytes)"


def test_structures_keep_their_parts():
    tags = tags_of(
        {"XMP:XMP-xmpMM:History": [{"Action": "saved"}], "XMP:XMP-dc:Creator": ["a", "b"]}
    )
    assert tags["XMP-xmpMM:History"].structure == [{"Action": "saved"}]
    assert tags["XMP-dc:Creator"].text == "a; b"


def test_undecodable_output_costs_the_character_alone():
    (tag,) = parse_exiftool(b'[{"MakerNotes:Canon:OwnerName":"M\xfcller"}]').tags
    assert tag.text == "M\ufffdller"


def _tiff(texts: dict[int, bytes]) -> bytes:
    entries, data = b"", b""
    begin = 10 + 12 * len(texts) + 4
    for number, raw in sorted(texts.items()):
        text = (raw + b"\x00").ljust(5, b"\x00")
        entries += number.to_bytes(2, "little") + b"\x02\x00" + len(text).to_bytes(4, "little")
        entries += (begin + len(data)).to_bytes(4, "little")
        data += text
    count = len(texts).to_bytes(2, "little")
    return b"II*\x00\x08\x00\x00\x00" + count + entries + b"\x00" * 4 + data


def test_a_text_in_any_encoding_survives(tools):
    every_byte = bytes(range(1, 256))
    content = _tiff(
        {
            0x010F: "Müller Ж日本".encode(),
            0x0110: "Caf\u00e9 M\u00fcller".encode("latin-1"),
            0x0131: "Иван".encode("cp1251"),
            0x013B: every_byte,
        }
    )
    from firstlight.fingerprint.metadata.own import read_own

    texts = {
        tag.name: tag.text for tag in parse_exiftool(tools.exiftool(content, timeout_s=20)).tags
    }
    assert texts["Make"] == "Müller Ж日本"
    assert texts["Model"] == "Café Müller"
    assert texts["Software"].encode("cp1252").decode("cp1251") == "Иван"
    assert len(texts["Artist"]) == 255
    # The own reader keeps the same characters.
    own = {tag.name: tag.text for tag in read_own(content).tags}
    for name in ("Make", "Model", "Software", "Artist"):
        assert own[name] == texts[name]


def test_the_long_lived_form_gives_the_same_answer(tools, xmp_jpeg, descriptor):
    fd = descriptor(xmp_jpeg)
    path = f"/proc/self/fd/{fd}"
    commands = f"{path}\n-execute1\n{path}\n-execute2\n-stay_open\nFalse\n"
    done = subprocess.run(
        [
            *tools.command,
            *EXIFTOOL_FIRST_ARGUMENTS,
            *("-stay_open", "True", "-@", "-", "-common_args"),
            *EXIFTOOL_TAG_ARGUMENTS,
        ],
        input=commands.encode(),
        pass_fds=[fd],
        capture_output=True,
        timeout=60,
        check=True,
    )
    first, rest = done.stdout.split(b"{ready1}\n")
    second, _ = rest.split(b"{ready2}\n")
    alone = parse_exiftool(tools.exiftool(xmp_jpeg, timeout_s=20))
    assert parse_exiftool(first) == parse_exiftool(second) == alone
