"""PDF: pictures come out as they were put in; what is damaged costs itself."""

from __future__ import annotations

import io
import random
import zlib

import numpy as np
import pytest
from examples.document import make_pdf, write_pdf
from PIL import Image
from pypdf import PdfReader, PdfWriter
from tests.unit.intake.archive_making import Account, read_archive

from firstlight.intake.archive import ArchiveEnd, walk_archive
from firstlight.intake.content_type import content_type_of
from firstlight.model.bounds import Bounds

RNG = np.random.default_rng(11)
PIXELS = RNG.integers(0, 256, (40, 50, 3), np.uint8)
PLAIN = zlib.compress(PIXELS.tobytes())
RGB_FORM = b"/Width 50/Height 40/ColorSpace/DeviceRGB/BitsPerComponent 8"


def saved(pixels: np.ndarray, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form, **options)
    return file.getvalue()


JPEG = saved(PIXELS, "JPEG")


def image(dictionary: bytes, data: bytes) -> bytes:
    head = b"<</Type/XObject/Subtype/Image%s/Length %d>>" % (dictionary, len(data))
    return head + b"stream\n" + data + b"\nendstream"


def pdf_of(*objects: bytes, trailer: bytes = b"") -> bytes:
    rows = {1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[]/Count 0>>"}
    return write_pdf(rows | dict(enumerate(objects, 3)), trailer)


def pixels_of(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as opened:
        return np.asarray(opened.convert("RGB") if opened.mode == "P" else opened)


def only(account: Account) -> bytes:
    assert account.failures == {}, account.failures
    assert account.end_codes == []
    (content,) = account.contents.values()
    return content


def test_jpegs_and_attached_files_are_the_files_themselves():
    attached = [(b"notes.txt", b"tide\n"), (b"view.jpg", saved(PIXELS[::-1], "JPEG"))]
    packed = make_pdf([JPEG, JPEG + b"more behind the end"], attached)
    account = read_archive(packed.content)
    assert account.end_codes == []
    assert [(b"!/".join(names), found) for names, found in account.contents.items()] == list(
        packed.members
    )


@pytest.mark.parametrize("filters", [b"/ASCIIHexDecode", b"/AHx", b"/ASCII85Decode"])
def test_a_jpeg_written_as_text_is_that_jpeg(filters):
    import base64

    data = JPEG.hex().encode() + b">"
    if filters == b"/ASCII85Decode":
        data = base64.a85encode(JPEG) + b"~>"
    picture = image(RGB_FORM + b"/Filter[%s/DCTDecode]" % filters, data)
    assert only(read_archive(pdf_of(picture))) == JPEG


def test_a_compressed_jpeg_is_that_jpeg():
    picture = image(RGB_FORM + b"/Filter[/FlateDecode/DCTDecode]", zlib.compress(JPEG))
    assert only(read_archive(pdf_of(picture))) == JPEG


def test_jpeg_2000_stays_what_it_is():
    content = saved(PIXELS, "JPEG2000")
    picture = image(b"/Width 50/Height 40/Filter/JPXDecode", content)
    assert only(read_archive(pdf_of(picture))) == content


def predicted(rows: np.ndarray) -> bytes:
    """Rows as PNG's filter "sub" leaves them."""
    before = np.zeros_like(rows)
    before[:, 1:] = rows[:, :-1]
    body = (rows - before).reshape(len(rows), -1)
    return b"".join(b"\x01" + row.tobytes() for row in body)


GREY = PIXELS[:, :, 0]
INKS = np.concatenate((PIXELS, GREY[:, :, None]), axis=2)
TWO = np.packbits(GREY > 127, axis=1)
CASES = {
    "rgb": (RGB_FORM, PLAIN, PIXELS),
    "rgb not compressed": (RGB_FORM, PIXELS.tobytes(), PIXELS),
    "rgb predicted": (
        RGB_FORM + b"/DecodeParms<</Predictor 15/Colors 3/Columns 50>>",
        zlib.compress(predicted(PIXELS)), PIXELS,
    ),
    "rgb differences": (
        RGB_FORM + b"/DecodeParms<</Predictor 2/Colors 3/Columns 50>>",
        zlib.compress(np.diff(PIXELS, axis=1, prepend=np.uint8(0)).tobytes()), PIXELS,
    ),
    "grey": (
        b"/Width 50/Height 40/ColorSpace/DeviceGray/BitsPerComponent 8",
        zlib.compress(GREY.tobytes()), GREY,
    ),
    "grey turned": (
        b"/Width 50/Height 40/ColorSpace/DeviceGray/BitsPerComponent 8/Decode[1 0]",
        zlib.compress((255 - GREY).tobytes()), GREY,
    ),
    "one bit": (
        b"/Width 50/Height 40/ImageMask true", zlib.compress(TWO.tobytes()), GREY > 127,
    ),
    "one ink": (
        b"/Width 50/Height 40/ColorSpace[/Separation/Black/DeviceGray 9 0 R]/BitsPerComponent 8",
        zlib.compress((255 - GREY).tobytes()), GREY,
    ),
    "profile": (
        b"/Width 50/Height 40/ColorSpace[/ICCBased 4 0 R]/BitsPerComponent 8", PLAIN, PIXELS,
    ),
    "palette": (
        b"/Width 50/Height 40/BitsPerComponent 8/ColorSpace[/Indexed/DeviceRGB 1 <0A0B0CF0F1F2>]",
        zlib.compress((GREY > 127).astype(np.uint8).tobytes()),
        np.where((GREY > 127)[:, :, None], (0xF0, 0xF1, 0xF2), (0x0A, 0x0B, 0x0C)),
    ),
    "four inks": (
        b"/Width 50/Height 40/ColorSpace/DeviceCMYK/BitsPerComponent 8",
        zlib.compress(INKS.tobytes()), INKS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_pixels_are_wrapped_without_loss(case):
    form, data, wanted = CASES[case]
    if case != "rgb not compressed":
        form += b"/Filter/FlateDecode"
    profile = b"<</N 3/Length 0>>stream\n\nendstream"
    content = only(read_archive(pdf_of(image(form, data), profile)))
    assert np.array_equal(pixels_of(content), wanted)


def test_wrapped_pixels_are_always_the_same_bytes():
    content = only(read_archive(pdf_of(image(RGB_FORM + b"/Filter/FlateDecode", PLAIN))))
    packed_otherwise = zlib.compress(PIXELS.tobytes(), 1)
    again = pdf_of(image(RGB_FORM + b"/Filter/FlateDecode", packed_otherwise))
    assert only(read_archive(again)) == content


@pytest.mark.parametrize(
    ("parameters", "is_turned"),
    [(b"", True), (b"/BlackIs1 true", False), (b"/BlackIs1 true>>/Decode[1 0]/X<<", True)],
)
def test_fax_code_becomes_tiff(parameters, is_turned):
    flat = np.kron(RNG.integers(0, 2, (5, 5)), np.ones((16, 16))).astype(bool)
    file = io.BytesIO()
    Image.fromarray(flat).save(file, "TIFF", compression="group4")
    with Image.open(io.BytesIO(file.getvalue())) as opened:
        at, size = opened.tag_v2[273][0], opened.tag_v2[279][0]
        # Pillow codes light as the fax's black.
        assert opened.tag_v2[262] == 1
    form = b"/Width 80/Height 80/BitsPerComponent 1/ColorSpace/DeviceGray/Filter/CCITTFaxDecode"
    form += b"/DecodeParms<</K -1/Columns 80/Rows 80" + parameters + b">>"
    content = only(read_archive(pdf_of(image(form, file.getvalue()[at : at + size]))))
    assert np.array_equal(pixels_of(content), ~flat if is_turned else flat)


def test_what_pillow_writes():
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "PDF")
    assert len(read_archive(file.getvalue()).contents) == 1


def test_pictures_in_drawing_commands():
    raw = b"q 10 0 0 10 0 0 cm\nBI /W 50 /H 40 /CS /RGB /BPC 8 ID " + PIXELS.tobytes() + b"\nEI Q\n"
    coded = b"BI /W 50 /H 40 /CS /RGB /BPC 8 /F /DCT\nID " + JPEG + b"\nEI\nQ\n"
    letter = b"BI /W 8 /H 8 /IM true ID 12345678\nEI\n"
    data = zlib.compress(raw + letter + coded)
    page = b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(data), data)
    account = read_archive(pdf_of(page))
    assert account.names == [b"object 3 inline 1.png", b"object 3 inline 2.jpg"]
    first, second = account.contents.values()
    assert np.array_equal(pixels_of(first), PIXELS)
    assert second == JPEG


def test_one_object_on_many_pages_is_one_member():
    file = io.BytesIO()
    writer = PdfWriter()
    page = PdfReader(io.BytesIO(make_pdf([JPEG]).content)).pages[0]
    for _ in range(3):
        writer.add_page(page)
    writer.write(file)
    assert list(read_archive(file.getvalue()).contents.values()).count(JPEG) == 1


def locked(user: str, algorithm: str) -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(make_pdf([JPEG]).content))
    writer.encrypt(user, "owner's", algorithm=algorithm)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_locked_documents(algorithm):
    assert JPEG in read_archive(locked("", algorithm)).contents.values()
    account = read_archive(locked("tide", algorithm))
    assert account.contents == {}
    assert account.end_codes == ["encrypted"]
    found = [
        met.open().read(1 << 20)
        for met in walk_archive(
            io.BytesIO(locked("tide", algorithm)),
            content_type_of("application/pdf"),
            bounds=Bounds(),
            tick=lambda: None,
            passwords=(b"ebb", b"tide"),
        )
        if not isinstance(met, ArchiveEnd)
    ]
    assert found == [JPEG]


def test_an_earlier_revision_is_given_as_well():
    other = saved(PIXELS[::-1], "JPEG")
    first = pdf_of(image(RGB_FORM + b"/Filter/DCTDecode", other))
    place = len(first)
    new = b"3 0 obj\n" + image(RGB_FORM + b"/Filter/DCTDecode", JPEG) + b"\nendobj\n"
    table = b"xref\n3 1\n%010d 00000 n \n" % place
    start = first.rindex(b"startxref")
    previous = int(first[start + 10 :].split()[0])
    end = b"trailer\n<</Size 4/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        previous, place + len(new),
    )  # fmt: skip
    account = read_archive(first + new + table + end)
    assert [name.split()[0] for name in account.names] == [b"object", b"unlisted"]
    assert list(account.contents.values()) == [JPEG, other]


def test_what_is_damaged_costs_itself():
    good = image(RGB_FORM + b"/Filter/DCTDecode", JPEG)
    bad = [
        image(b"/Width 0/Height 4/Filter/FlateDecode", b"x"),
        image(b"/Width 9999999/Height 9999999/BitsPerComponent 8/Filter/FlateDecode", b"x"),
        image(RGB_FORM + b"/Filter/JBIG2Decode", b"x"),
        image(RGB_FORM.replace(b"RGB", b"Odd") + b"/Filter/FlateDecode", PLAIN),
        image(b"/Width 5/Height 4/ColorSpace[/Indexed 7 7 7]/Filter/FlateDecode", PLAIN),
    ]
    account = read_archive(pdf_of(*bad, good))
    assert list(account.contents.values()) == [JPEG]
    assert list(account.failures.values()) == [
        "decode-failed", "limit-exceeded", "not-opened", "not-opened", "not-opened",
    ]  # fmt: skip


def test_pixels_that_end_too_early_are_given_as_far_as_they_go():
    account = read_archive(pdf_of(image(RGB_FORM + b"/Filter/FlateDecode", PLAIN[:3000])))
    (content,) = account.contents.values()
    found = pixels_of(content)
    assert np.array_equal(found[:10], PIXELS[:10])
    assert not found[-5:].any()
    assert account.end_codes == ["decode-failed"]


def test_what_is_named_and_nowhere_counts_as_nothing():
    missing = b"<</A 77 0 R/B 78 0 R/EF 79 0 R>>"
    form = RGB_FORM + b"/Filter/DCTDecode/SMask 80 0 R"
    account = read_archive(pdf_of(missing, image(form, JPEG)))
    assert list(account.contents.values()) == [JPEG]
    assert account.end_codes == []


def test_a_document_without_pictures_is_no_failure():
    account = read_archive(pdf_of())
    assert account.contents == {}
    assert account.end_codes == []


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.7\n" + random.Random(1).randbytes(5000)])
def test_what_is_no_document_is_said(data):
    account = read_archive(data)
    assert account.contents == {}
    assert account.end_codes == ["decode-failed"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole[: whole.index(b"xref\n")],
        lambda whole: whole[: whole.index(b"trailer")],
        lambda whole: whole.replace(b"startxref", b"startfoob"),
        lambda whole: whole.replace(b"%%EOF", b""),
        lambda whole: whole + b"\n" * 9000,
    ],
)
def test_a_document_without_its_tables_still_gives_its_pictures(damage):
    account = read_archive(damage(make_pdf([JPEG], [(b"a", b"b")]).content))
    assert account.contents[(b"object 5.jpg",)] == JPEG
    assert account.contents[(b"a",)] == b"b"
    assert account.end_codes == ["decode-failed"]


def test_a_document_that_begins_late_is_whole():
    packed = make_pdf([JPEG], [(b"a", b"b")])
    account = read_archive(b"junk\n" * 9 + packed.content)
    assert [(names[0], found) for names, found in account.contents.items()] == list(packed.members)


def test_a_bomb_stops():
    data = zlib.compress(bytes(60_000_000), 9)
    form = b"/Width 10000/Height 6000/ColorSpace/DeviceGray/BitsPerComponent 8"
    account = read_archive(pdf_of(image(form + b"/Filter/FlateDecode", data)), keep=False)
    assert account.end_codes == ["limit-exceeded"]
    assert account.output_bytes < 30_000_000
