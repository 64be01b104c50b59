"""Documents, mail and thumbnail stores made to hurt: recorded errors only, in short time."""

from __future__ import annotations

import io
import random
import struct
import time
import zlib

import pytest
from examples.compound import write_compound
from examples.document import (
    make_docx,
    make_mail,
    make_mailbox,
    make_odt,
    make_pdf,
    make_phone_report,
    write_pdf,
)
from examples.thumbnail_store import (
    make_imgcache,
    make_quicklook,
    make_thumbcache,
    make_thumbdata,
    make_thumbs_db,
)
from PIL import Image
from tests.unit.intake.archive_making import Account, make_zip, read_archive

from firstlight.model.bounds import Bounds

SEED = 20_260_101
ROUNDS = 60
LONGEST_S = 8.0
CODES = {
    "decode-failed", "truncated", "limit-exceeded", "not-opened", "encrypted", "unreadable",
}  # fmt: skip
BOMB_BYTES = 24_000_000


def _picture(seed: int) -> bytes:
    file = io.BytesIO()
    Image.frombytes("RGB", (30, 20), random.Random(seed).randbytes(1800)).save(file, "JPEG")
    return file.getvalue()


def _pixels_pdf() -> bytes:
    pixels = zlib.compress(random.Random(1).randbytes(1800))
    form = b"/Width 30/Height 20/BitsPerComponent 8/Filter/FlateDecode/Length %d>>" % len(pixels)
    head = b"<</Type/XObject/Subtype/Image/ColorSpace"
    page = b"BI /W 30 /H 20 /CS /RGB /BPC 8 /F /DCT ID " + _picture(7) + b"\nEI Q\n"
    return write_pdf(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[]/Count 0>>",
            3: head + b"/DeviceRGB" + form + b"stream\n" + pixels + b"\nendstream",
            4: head + b"[/Indexed/DeviceRGB 1 <000000FFFFFF>]" + form
            + b"stream\n" + pixels + b"\nendstream",
            5: b"<</Length %d>>stream\n%s\nendstream" % (len(page), page),
        }
    )  # fmt: skip


def _samples() -> dict[str, bytes]:
    files = [(b"%d.jpg" % n, _picture(n)) for n in range(4)]
    blips = b"".join(
        struct.pack("<HHI", 0x46A0, 0xF01D, len(content) + 17) + bytes(17) + content
        for _, content in files
    )
    attached = "__attach_version1.0_#00000000"
    return {
        "pdf": make_pdf([content for _, content in files[:2]], files[2:]).content,
        "pdf-pixels": _pixels_pdf(),
        "docx": make_docx(files).content,
        "odt": make_odt(files).content,
        "ufdr": make_phone_report(files).content,
        "mail": make_mail(files).content,
        "mbox": make_mailbox([make_mail(files[:2]), make_mail(files[2:])]).content,
        "doc": write_compound({("WordDocument",): bytes(5000), ("Data",): blips}),
        "msg": write_compound(
            {
                ("__properties_version1.0",): bytes(32),
                (attached, "__substg1.0_37010102"): files[0][1],
                (attached, "__substg1.0_3707001F"): "a.jpg".encode("utf-16-le"),
            }
        ),
        "thumbs": make_thumbs_db(files).content,
        "thumbcache": make_thumbcache(files).content,
        "thumbdata": make_thumbdata(files).content,
        "imgcache": make_imgcache(files).content,
        "quicklook": make_quicklook([("a", 4, 4, bytes(64))] * 3)[0],
    }


SAMPLES = _samples()


def read_quickly(data: bytes, bounds: Bounds | None = None) -> Account:
    """Walk it, and check that all that went wrong was recorded, and fast."""
    began = time.process_time()
    account = read_archive(data, bounds=bounds, keep=False)
    assert time.process_time() - began < LONGEST_S
    assert () in account.ends
    assert len(account.order) == len(set(account.order))
    for end in account.ends.values():
        assert {failure.code for failure in end.failures} <= CODES
    assert set(account.failures.values()) <= CODES
    assert {error.code for error in account.errors.values()} <= CODES
    return account


@pytest.mark.parametrize("sort", SAMPLES)
def test_cut_off_anywhere(sort):
    data = SAMPLES[sort]
    rng = random.Random(SEED)
    for _ in range(ROUNDS // 3):
        read_quickly(data[: rng.randrange(8, len(data))])


@pytest.mark.parametrize("sort", SAMPLES)
def test_bytes_changed_anywhere(sort):
    rng = random.Random(SEED)
    for turn in range(ROUNDS):
        data = bytearray(SAMPLES[sort])
        for _ in range(1 + turn % 12):
            at = rng.randrange(8, len(data))
            data[at] = rng.choice((0, 0xFF, 0x7F, data[at] ^ (1 << rng.randrange(8)), 0x20))
        read_quickly(bytes(data))


@pytest.mark.parametrize("sort", SAMPLES)
def test_parts_moved_doubled_and_left_out(sort):
    rng = random.Random(SEED)
    for _ in range(ROUNDS // 2):
        data = SAMPLES[sort]
        one, two = sorted(rng.randrange(8, len(data)) for _ in range(2))
        place = rng.randrange(8, len(data))
        kept = rng.choice((data, data[:one] + data[two:]))
        read_quickly(kept[:place] + data[one:two] * rng.choice((0, 1, 3)) + kept[place:])


def pdf_of(*objects: bytes, trailer: bytes = b"") -> bytes:
    rows = {1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[2 0 R]/Count 9>>"}
    return write_pdf(rows | dict(enumerate(objects, 3)), trailer)


def stream(dictionary: bytes, data: bytes = b"x" * 99) -> bytes:
    return b"<<%s>>stream\n%s\nendstream" % (dictionary, data)


IMAGE = b"/Subtype/Image/Width 9/Height 9/BitsPerComponent 8"
BOMB = zlib.compress(bytes(BOMB_BYTES), 9)
TRICKS = {
    "length of itself": pdf_of(stream(IMAGE + b"/Length 3 0 R")),
    "length in a circle": pdf_of(stream(IMAGE + b"/Length 4 0 R"), stream(b"/Length 3 0 R")),
    "length beyond all": pdf_of(stream(IMAGE + b"/Length 99999999999999999999")),
    "length negative": pdf_of(stream(IMAGE + b"/Length -5")),
    "filters without end": pdf_of(stream(IMAGE + b"/Length 99/Filter[%s]" % (b"/Fl" * 5000))),
    "a filter of itself": pdf_of(stream(IMAGE + b"/Length 99/Filter 3 0 R")),
    "colours of themselves": pdf_of(
        stream(IMAGE + b"/Length 99/ColorSpace 4 0 R"), b"[/Indexed 4 0 R 9 4 0 R]"
    ),
    "arrays in arrays": pdf_of(b"[" * 50_000 + b"]" * 50_000),
    "dictionaries in dictionaries": pdf_of(b"<</A" * 20_000 + b" 1" + b">>" * 20_000),
    "numbers too large": pdf_of(b"<</EF<</F 99999999999999999999 0 R>>>>", b"9" * 100_000),
    "a filespec of itself": pdf_of(b"<</Type/Filespec/F(a)/EF 3 0 R/UF 3 0 R>>"),
    "missing everywhere": pdf_of(
        *[stream(IMAGE + b"/Length %d 0 R" % n) for n in range(9000, 9600)]
    ),
    "bomb in bomb": pdf_of(
        stream(
            IMAGE + b"/Filter[/Fl/Fl/DCT]/Length %d" % len(zlib.compress(BOMB)),
            zlib.compress(BOMB),
        )
    ),
    "runs": pdf_of(stream(IMAGE + b"/Filter[/RL/RL/RL]/Length 4000", b"\x81\x81" * 2000)),
    "drawing bomb": pdf_of(stream(b"/Filter/Fl/Length %d" % len(BOMB), BOMB)),
    "letters without end": pdf_of(stream(b"/Length 300000", b"BI /W 9 ID " * 27_000)),
    "beginnings without end": pdf_of(stream(b"/Length 3000000", b"BI " * 1_000_000)),
    "data without beginning": pdf_of(stream(b"/Length 3000000", b"a ID " * 600_000)),
    "streams without end": b"%PDF-1.4\n" + b"stream\n\xff\xd8\xff" * 200_000,
    "streams of nothing": b"%PDF-1.4\n" + b"stream\n\xff\xd8\xffendstream " * 9000,
    "tables in a circle": pdf_of(b"null", trailer=b"/Prev 9"),
    "encrypted by nothing": pdf_of(b"null", trailer=b"/Encrypt 3 0 R/ID[<00><00>]"),
    "encrypted by itself": pdf_of(b"<</Filter/Standard/V 3 0 R>>", trailer=b"/Encrypt 3 0 R"),
    "palette of a bomb": pdf_of(
        stream(IMAGE + b"/Length 99/ColorSpace[/Indexed/DeviceRGB 255 4 0 R]"),
        stream(b"/Filter/Fl/Length %d" % len(BOMB), BOMB),
    ),
    "objects in a stream of themselves": pdf_of(
        stream(b"/Type/ObjStm/N 999999999/First 8/Extends 3 0 R/Length 99", b"3 0 4 0 " * 12)
    ),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_tricks_of_pdf(trick):
    account = read_quickly(TRICKS[trick])
    assert account.output_bytes < 3 * BOMB_BYTES


def test_many_pictures_that_share_one_bomb_stop():
    form = b"/Subtype/Image/Width 6000/Height 4000/BitsPerComponent 8/Filter/FlateDecode"
    data = pdf_of(*[stream(form + b"/Length %d" % len(BOMB), BOMB)] * 8)
    account = read_quickly(data, Bounds(archive_ratio_max=100))
    assert account.output_bytes < 3 * BOMB_BYTES
    assert account.end_codes == ["limit-exceeded"]


def test_a_compound_file_of_lies():
    sound = write_compound({(f"n{n}",): bytes(5000) for n in range(40)})
    rng = random.Random(SEED)
    for _ in range(ROUNDS):
        data = bytearray(sound)
        for at in rng.sample((24, 30, 32, 44, 48, 56, 60, 64, 68, 72, 76, 80), 2):
            data[at : at + 4] = rng.choice(
                (b"\xff" * 4, bytes(4), b"\xfe\xff\xff\xff", b"\x09\0\0\0")
            )
        read_quickly(bytes(data))


def test_streams_that_all_name_the_same_bytes_stop():
    names = {(f"n{n}",): b"" for n in range(2000)}
    data = bytearray(write_compound({**names, ("large",): random.Random(2).randbytes(1 << 20)}))
    entry = data.index("large".encode("utf-16-le"))
    place = bytes(data[entry + 116 : entry + 128])
    for n in range(2000):
        wide = f"n{n}".encode("utf-16-le") + b"\x00\x00"
        at = data.index(wide.ljust(64, b"\x00"))
        data[at + 116 : at + 128] = place
    account = read_quickly(bytes(data), Bounds(archive_ratio_max=20))
    assert account.end_codes == ["limit-exceeded"]


STORES = {
    "marks of entries": b"CMMM\x20\0\0\0" + b"CMMM" * 100_000,
    "pictures everywhere": make_thumbdata([(b"a", _picture(1))]).content
    + b"\xff\xd8\xff" * 900_000,
    "records of nothing": write_compound({("Data",): bytes.fromhex("a0461df000000000") * 60_000}),
    "a workbook of nothing": write_compound({("Workbook",): bytes(1_000_000)}),
    "entries without length": b"\x10\x85\x24\xbd" + bytes(100_000),
}


@pytest.mark.parametrize("trick", STORES)
def test_tricks_of_stores(trick):
    read_quickly(STORES[trick])


def test_xml_inside_documents_is_never_parsed():
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    outside = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><x>&a;</x>'
    data = make_zip(
        [("[Content_Types].xml", b"x"), ("word/document.xml", laughs), ("word/b.xml", outside)]
    )
    account = read_archive(data)
    assert account.contents[(b"word/document.xml",)] == laughs
    assert account.contents[(b"word/b.xml",)] == outside
