"""Metadata that is broken or means harm: failures at most, in bounded time and memory."""

from __future__ import annotations

import io
import random
import struct
import time
import zlib

import pytest
from PIL import Image

from firstlight.fingerprint.metadata.own import read_own
from firstlight.fingerprint.metadata.own_view import Findings
from firstlight.fingerprint.metadata.own_xmp import read_xmp
from firstlight.fingerprint.metadata.reading import read_metadata
from firstlight.model.bounds import Bounds
from firstlight.model.media import ContentType, MediaKind

PICTURE = ContentType(MediaKind.IMAGE, "image/jpeg", "JPEG picture")
SEED = 20_24
ROUNDS = 400
TIME_MAX_S = 5.0


class NoTools:
    def has(self, program):
        return False

    def exiftool_version(self):
        return None


class ScriptedTools(NoTools):
    def __init__(self, answer):
        self.answer = answer

    def has(self, program):
        return True

    def exiftool(self, content, *, timeout_s):
        return self.answer


def read(content, tools=None):
    begun = time.process_time()
    found = read_metadata(
        content, PICTURE, tools=tools or NoTools(), reader="auto", bounds=Bounds()
    )
    assert time.process_time() - begun < TIME_MAX_S
    return found


def exif():
    held = Image.Exif()
    held[0x010F], held[0x0110], held[0x0132] = "Maker", "Model", "2024:05:06 07:08:09"
    inner = held.get_ifd(0x8769)
    inner[0x9003], inner[0xA431] = "2024:05:06 07:08:09", "FL0001234"
    place = held.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", (1.0, 2.0, 3.0), "E", (4.0, 5.0, 6.0)
    return held.tobytes()


def pictures():
    for form in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
        held = io.BytesIO()
        Image.new("RGB", (8, 8), "teal").save(held, form, exif=exif())
        yield form, held.getvalue()


PICTURES = dict(pictures())


def metadata_span(content):
    """Where to do harm: around what was written, so that most rounds reach the reader."""
    at = content.find(b"Maker\x00")
    return max(0, at - 300), min(len(content), at + 500)


@pytest.mark.parametrize("form", sorted(PICTURES))
def test_seeded_mutations(form):
    rng = random.Random(f"{SEED}-{form}")
    content = PICTURES[form]
    begin, end = metadata_span(content)
    broken = 0
    for _ in range(ROUNDS):
        mutated = bytearray(content)
        for _ in range(rng.randint(1, 12)):
            at = rng.randrange(begin, end)
            mutated[at] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
        metadata, failures = read(bytes(mutated))
        broken += bool(failures)
        assert metadata is not None or not failures or failures[0].stage == "metadata"
    assert broken > 0


@pytest.mark.parametrize("form", sorted(PICTURES))
def test_every_truncation(form):
    content = PICTURES[form]
    for size in range(0, len(content), max(1, len(content) // 300)):
        read(content[:size])


def test_seeded_noise_behind_every_magic():
    rng = random.Random(SEED)
    for head in (b"\xff\xd8\xff\xe1", b"II*\x00", b"MM\x00*", b"\x89PNG\r\n\x1a\n",
                 b"RIFF\x00\x00\x00\x00WEBP", b"\x00\x00\x00\x18ftypheic"):  # fmt: skip
        for _ in range(150):
            read(head + rng.randbytes(rng.randint(0, 2000)))


def tiff(*entries, following=0, tail=b""):
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return (
        b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", len(entries)) + body
        + struct.pack("<I", following) + tail
    )  # fmt: skip


def test_a_directory_that_points_at_itself():
    metadata, failures = read(tiff((0x8769, 4, 1, 8), (0x8825, 4, 1, 8), following=8))
    assert metadata is not None
    assert [failure.code for failure in failures] == ["decode-failed"]


def test_directories_that_point_at_one_another():
    count = 60
    first = 8
    size = 2 + 12 + 4
    content = b"II*\x00" + struct.pack("<I", first)
    for n in range(count):
        target = first + size * ((n + 1) % count)
        content += struct.pack("<HHHIII", 1, 0x8769, 4, 1, target, target)
    _, failures = read(content)
    assert failures


@pytest.mark.parametrize("kind", range(15))
@pytest.mark.parametrize("count", [0, 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_huge_counts(kind, count):
    metadata, _ = read(
        tiff((0x010F, kind, count, 8), (0x014A, kind, count, 8), (2, kind, count, 0))
    )
    assert metadata is not None


def test_a_directory_that_states_too_many_entries():
    content = b"II*\x00\x08\x00\x00\x00\xff\xff" + b"\x0f\x01\x02\x00\x04\x00\x00\x00ab\x00\x00" * 5
    metadata, failures = read(content)
    assert metadata.maker == "ab"
    assert failures


def test_values_that_all_share_one_long_text_stay_bounded():
    # 1,000 entries of 64 KiB each would be 64 MB of text out of a 76 KB file.
    entries = [(0x8000 + n, 2, 60_000, 8 + 2 + 12 * 1000 + 4) for n in range(1000)]
    findings = read_own(tiff(*entries, tail=b"x" * 60_000))
    assert sum(len(tag.text) for tag in findings.tags) <= 8 << 20
    assert findings.faults


def test_many_references_to_one_xmp_packet_stay_bounded():
    packet = b"<x>" + b"<a/>" * 15_000 + b"</x>"
    entries = [(0x02BC, 1, len(packet), 8 + 2 + 12 * 1000 + 4)] * 1000
    _, failures = read(tiff(*entries, tail=packet))
    assert failures


LAUGHS = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">' + b"".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">'.encode() for n in range(9)
) + b"]><l>&j;</l>"  # fmt: skip


@pytest.mark.parametrize(
    "packet",
    [
        LAUGHS,
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        LAUGHS.decode().encode("utf-16"),
        b"<x>&e;</x>",
        b"<a>" * 100_000,
        b"<x>" + b"<a/>" * 100_000 + b"</x>",
        b"<x " + b" ".join(b'a%d="1"' % n for n in range(50_000)) + b"/>",
        b"<x>",
        b"\x00" * 1000,
        b"",
        b'<?xml version="1.0" encoding="utf-7"?><x/>',
        b"x" * (5 << 20),
    ],
)
def test_hostile_xmp_is_refused(packet):
    found = Findings()
    begun = time.process_time()
    read_xmp(packet, found)
    assert time.process_time() - begun < TIME_MAX_S
    assert found.tags == []
    assert found.faults or b"utf-7" in packet
    assert not any("passwd" in fault or "ha" in fault.split() for fault in found.faults)


def test_a_compressed_text_does_not_blow_up():
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + b"\x00" * 4

    bomb = zlib.compress(b"\x00" * (64 << 20), 9)
    png = b"\x89PNG\r\n\x1a\n" + b"".join(chunk(b"zTXt", b"k\x00\x00" + bomb) for _ in range(4))
    metadata, failures = read(png + chunk(b"IEND", b""))
    assert failures
    assert max(len(text) for _, text in metadata.tags) <= 4096


@pytest.mark.parametrize(
    "record",
    [
        "{}",
        '{"a":null}',
        '{"":""}',
        '{":":":"}',
        '{"EXIF:IFD0:Make":{"a":["\\ud800"]}}',
        '{"EXIF:IFD0:Make":"\\ud800\\u0000","Copy1:Copy2":"x"}',
        '{"XMP:XMP-xmpMM:History":[1,null,"x",{"Action":["y"]},[]]}',
        '{"JUMBF:CBOR:Actions":{"action":1,"softwareAgent":{"name":[]}}}',
        '{"EXIF:GPS:GPSLatitude":[1,2],"EXIF:GPS:GPSLongitude":{"a":1}}',
        '{"EXIF:ExifIFD:DateTimeOriginal":["2020:01:01 00:00:00"]}',
        '{"EXIF:IFD0:Make":NaN,"EXIF:IFD0:Model":Infinity,"a":true}',
    ],
)
def test_odd_answers_of_exiftool(record):
    metadata, _ = read(b"", ScriptedTools(f"[{record}]".encode()))
    for label, text in metadata.tags:
        (label + text).encode("utf-8")


def test_seeded_mutations_of_an_answer():
    rng = random.Random(SEED)
    answer = (
        b'[{"SourceFile":"-","EXIF:IFD0:Make":"M","EXIF:GPS:GPSLatitude":"1.5","XMP:XMP-xmpMM:'
        b'History":[{"Action":"saved","When":"2020:01:01 00:00:00Z"}],"ExifTool:Warning":"w"}]'
    )
    for _ in range(1500):
        mutated = bytearray(answer)
        for _ in range(rng.randint(1, 6)):
            mutated[rng.randrange(len(mutated))] = rng.randrange(256)
        read(b"", ScriptedTools(bytes(mutated)))


def test_a_failure_says_nothing_of_the_content():
    content = PICTURES["JPEG"].replace(b"Maker", b"SECRET")
    at = content.find(b"SECRET")
    for size in range(at, at + 200, 3):
        _, failures = read(content[:size])
        assert not any("SECRET" in failure.reason for failure in failures)
