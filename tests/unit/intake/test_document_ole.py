"""Old Office documents, messages and thumbnail stores: OLE compound files."""

from __future__ import annotations

import io
import random
import struct
import zlib

import olefile
import pytest
from examples.compound import write_compound
from examples.thumbnail_store import make_thumbs_db
from PIL import Image
from tests.unit.intake.archive_making import make_zip, read_archive

from firstlight.intake.archive.stream import Window
from firstlight.intake.document.compound import CompoundFile

NOISE = random.Random(3).randbytes(400_000)


def picture(form: str, seed: int = 0) -> bytes:
    file = io.BytesIO()
    shown = Image.frombytes("RGB", (30, 20), NOISE[seed : seed + 1800])
    shown.save(file, form)
    return file.getvalue()


JPEG, PNG, BMP = picture("JPEG"), picture("PNG"), picture("BMP")


def blip(kind: int, instance: int, data: bytes, lead: int = 17) -> bytes:
    return struct.pack("<HHI", instance << 4, kind, len(data) + lead) + bytes(lead) + data


def test_streams_are_those_that_another_reader_finds():
    streams = {
        ("small",): b"tide",
        ("empty",): b"",
        ("large",): NOISE,
        ("folder", "inner"): NOISE[:5000],
        ("folder", "deep", "\x01odd"): NOISE[:70],
        **{(f"n{n}",): NOISE[n : n + 10 * n] for n in range(60)},
    }
    data = write_compound(streams)
    theirs = olefile.OleFileIO(io.BytesIO(data))
    ours = {
        stream.path: stream.open().at(0, 1 << 20)
        for stream in CompoundFile(Window.over(io.BytesIO(data))).streams()
    }
    assert ours == streams
    assert {tuple(path): theirs.openstream(path).read() for path in theirs.listdir()} == ours
    theirs.close()


def test_pictures_of_word_and_powerpoint():
    records = (
        b"junk" * 9
        + blip(0xF01D, 0x46A, JPEG)
        + blip(0xF01E, 0x6E1, PNG, 33)
        + b"between"
        + blip(0xF01F, 0x7A8, BMP[14:])
    )
    data = write_compound(
        {("WordDocument",): b"\xec\xa5" + bytes(5000), ("Data",): NOISE[:9000] + records}
    )
    account = read_archive(data)
    assert account.end_codes == []
    assert account.contents == {
        (b"Data/1.jpg",): JPEG,
        (b"Data/2.png",): PNG,
        (b"Data/3.bmp",): BMP,
    }
    shown = write_compound({("PowerPoint Document",): b"x" * 600, ("Pictures",): records})
    assert list(read_archive(shown).contents.values()) == [JPEG, PNG, BMP]


@pytest.mark.parametrize("place", [0, 262_130, 262_144, 262_160])
def test_pictures_across_the_steps_of_reading(place):
    data = write_compound({("Data",): bytes(place) + blip(0xF01D, 0x46A, JPEG) + bytes(9000)})
    assert list(read_archive(data).contents.values()) == [JPEG]


def test_metafiles_are_unpacked():
    header = bytes(32) + b"\x00\xfe"
    packed = blip(0xF01A, 0x3D4, header + zlib.compress(b"\x01\x00\x00\x00" + NOISE[:500]), 16)
    account = read_archive(write_compound({("Pictures",): packed + bytes(5000)}))
    assert account.contents == {(b"Pictures/1.emf",): b"\x01\x00\x00\x00" + NOISE[:500]}


def test_pictures_of_excel_are_joined():
    group = blip(0xF01D, 0x46A, JPEG + NOISE[:20_000])
    parts = [group[at : at + 8224] for at in range(0, len(group), 8224)]
    book = struct.pack("<HH", 0x809, 4) + bytes(4)
    for number, part in enumerate(parts):
        book += struct.pack("<HH", 0x3C if number else 0xEB, len(part)) + part
    book += struct.pack("<HH", 0x0A, 0)
    data = write_compound({("Workbook",): book})
    assert list(read_archive(data).contents.values()) == [JPEG + NOISE[:20_000]]


def test_locked_documents_are_said_to_be():
    word = write_compound({("WordDocument",): bytes(10) + b"\x00\x01" + bytes(5000)})
    book = write_compound({("Workbook",): struct.pack("<HH", 0x2F, 6) + bytes(6000)})
    package = write_compound({("EncryptedPackage",): NOISE, ("EncryptionInfo",): b"x" * 90})
    assert read_archive(word).end_codes == ["encrypted"]
    assert read_archive(book).end_codes == ["encrypted"]
    assert read_archive(package).failures == {(b"EncryptedPackage",): "encrypted"}


def test_embedded_files_and_objects():
    native = (
        bytes(4) + b"\x02\x00" + b"boat.jpg\x00" + b"C:\\boat.jpg\x00" + b"\x00\x00\x03\x00"
        + struct.pack("<I", 11) + b"C:\\tmp.jpg\x00" + struct.pack("<I", len(JPEG)) + JPEG
    )  # fmt: skip
    package = make_zip([("[Content_Types].xml", b"x"), ("word/media/a.png", PNG)])
    data = write_compound(
        {("ObjectPool", "_1", "\x01Ole10Native"): native, ("ObjectPool", "_2", "Package"): package}
    )
    found = read_archive(data).contents
    assert found[(b"boat.jpg",)] == JPEG
    assert found[(b"ObjectPool/_2/Package", b"word/media/a.png")] == PNG


def test_messages_give_their_attachments_and_texts():
    one, two = "__attach_version1.0_#00000000", "__attach_version1.0_#00000001"
    inner = "__substg1.0_3701000D"
    streams = {
        ("__properties_version1.0",): bytes(32),
        ("__substg1.0_1000001F",): "Hello".encode("utf-16-le"),
        (one, "__substg1.0_37010102"): JPEG,
        (one, "__substg1.0_3707001F"): "größe.jpg".encode("utf-16-le"),
        (two, inner, one, "__substg1.0_37010102"): PNG,
    }
    account = read_archive(write_compound(streams))
    named = f"{two}/{inner}/{one}/__substg1.0_37010102".encode()
    assert account.contents == {
        (b"__substg1.0_1000001F",): "Hello".encode("utf-16-le"),
        ("größe.jpg".encode(),): JPEG,
        (named,): PNG,
    }


def test_thumbs_db_names_the_pictures():
    files = [(b"IMG_1.jpg", JPEG), ("größe.jpg".encode(), picture("JPEG", 50))]
    files += [(b"more %d.jpg" % n, picture("JPEG", n)) for n in range(20)]
    packed = make_thumbs_db(files)
    account = read_archive(packed.content)
    assert {names[0]: found for names, found in account.contents.items()} == dict(packed.members)
    assert account.end_codes == []


def test_a_chain_that_runs_in_a_circle_ends():
    data = bytearray(write_compound({("Data",): NOISE}))
    fat = data.index(struct.pack("<III", 1, 2, 3))
    data[fat + 4 * 100 : fat + 4 * 101] = struct.pack("<I", 3)
    account = read_archive(bytes(data))
    assert () in account.ends


def test_a_document_that_ends_too_early_gives_what_it_has():
    data = write_compound({("Pictures",): blip(0xF01D, 0x46A, JPEG) + NOISE[:90_000]})
    moved = data[: len(data) - 40_000]
    assert () in read_archive(moved).ends
    assert read_archive(data[:700]).end_codes == ["decode-failed"]
