"""Types by content alone, and what names claim."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import struct
import tarfile
import zipfile
from importlib import resources

import pytest
import zstandard
from PIL import Image
from tests.unit.intake.archive_making import make_tar, make_zip

from firstlight.intake.archive import readable_types
from firstlight.intake.content_type import (
    HEAD_BYTES,
    TAIL_BYTES,
    claimed_mime,
    content_type_of,
    is_mismatch,
    is_openable_archive,
    is_unopened_container,
    sniff,
)
from firstlight.model.media import MediaKind


def mime_of(content: bytes) -> str:
    return sniff(content[:HEAD_BYTES], size_bytes=len(content), tail=content[-TAIL_BYTES:]).mime


def picture(form: str, mode: str = "RGB", **options) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((64, 48)).convert(mode).save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("form", "mode", "mime"),
    [
        ("JPEG", "RGB", "image/jpeg"),
        ("JPEG", "CMYK", "image/jpeg"),
        ("PNG", "P", "image/png"),
        ("GIF", "P", "image/gif"),
        ("BMP", "RGB", "image/bmp"),
        ("WEBP", "RGB", "image/webp"),
        ("AVIF", "RGB", "image/avif"),
        ("TIFF", "RGB", "image/tiff"),
        ("JPEG2000", "RGB", "image/jp2"),
        ("ICO", "RGBA", "image/x-icon"),
        ("PPM", "RGB", "image/x-portable-anymap"),
        ("PPM", "L", "image/x-portable-anymap"),
        ("PCX", "RGB", "image/x-pcx"),
        ("TGA", "RGB", "image/x-tga"),
        ("SGI", "RGB", "image/x-sgi"),
        ("DDS", "RGB", "image/x-dds"),
        ("ICNS", "RGBA", "image/x-icns"),
    ],
)
def test_pictures_that_pillow_writes(form, mode, mime):
    content = picture(form, mode)
    assert mime_of(content) == mime
    assert content_type_of(mime).kind is MediaKind.IMAGE


def test_an_animated_png_is_told_from_a_still_one():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, "PNG", save_all=True, append_images=frames[1:])
    assert mime_of(buffer.getvalue()) == "image/apng"


def tiff_with(
    order: str, entries: list[tuple[int, int, int, bytes | int]], magic: bytes = b""
) -> bytes:
    """A TIFF whose first IFD has these (tag, kind, count, value) and nothing else."""
    texts, rows = b"", []
    base = 8 + len(magic) + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in entries:
        if isinstance(value, bytes):
            number, texts = base + len(texts), texts + value
            rows.append(struct.pack(order + "HHII", tag, kind, count, number))
        elif kind == 3:
            rows.append(struct.pack(order + "HHIHH", tag, kind, count, value, 0))
        else:
            rows.append(struct.pack(order + "HHII", tag, kind, count, value))
    start = b"II*\x00" if order == "<" else b"MM\x00*"
    head = start + struct.pack(order + "I", 8 + len(magic)) + magic
    return head + struct.pack(order + "H", len(rows)) + b"".join(rows) + bytes(4) + texts


NIKON = (271, 2, 18, b"NIKON CORPORATION\x00")
PREVIEW_FIRST = [(254, 4, 1, 1), (330, 4, 1, 4096)]


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (tiff_with("<", [NIKON, *PREVIEW_FIRST]), "image/x-nikon-nef"),
        (tiff_with(">", [NIKON, *PREVIEW_FIRST]), "image/x-nikon-nef"),
        (tiff_with("<", [(271, 2, 5, b"SONY\x00"), *PREVIEW_FIRST]), "image/x-sony-arw"),
        (tiff_with(">", [(271, 2, 7, b"PENTAX \x00"), (262, 3, 1, 32803)]), "image/x-pentax-pef"),
        (tiff_with("<", [(271, 2, 8, b"SAMSUNG\x00"), *PREVIEW_FIRST]), "image/x-samsung-srw"),
        (tiff_with("<", [(271, 2, 8, b"Unheard\x00"), *PREVIEW_FIRST]), "image/x-raw"),
        (tiff_with("<", [(50706, 1, 4, 1025), (271, 2, 5, b"SONY\x00")]), "image/x-adobe-dng"),
        (tiff_with("<", [(271, 2, 6, b"Canon\x00")], b"CR\x02\x00"), "image/x-canon-cr2"),
        (tiff_with("<", [NIKON]), "image/tiff"),
        (b"IIRO\x08\x00\x00\x00", "image/x-olympus-orf"),
        (b"IIU\x00\x18\x00\x00\x00", "image/x-panasonic-rw2"),
        (b"FUJIFILMCCD-RAW 0201", "image/x-fuji-raf"),
        (b"II*\x00", "image/tiff"),
        (b"II*\x00\xff\xff\xff\x7f", "image/tiff"),
    ],
)  # fmt: skip
def test_raw_pictures_by_magic_and_maker(content, mime):
    assert mime_of(content) == mime


def box(major: bytes, *compatible: bytes) -> bytes:
    body = b"ftyp" + major + bytes(4) + b"".join(compatible)
    return struct.pack(">I", len(body) + 4) + body + b"\x00\x00\x00\x08free"


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (box(b"heic", b"mif1", b"heic"), "image/heic"),
        (box(b"mif1", b"mif1", b"heic"), "image/heic"),
        (box(b"mif1", b"avif", b"mif1"), "image/avif"),
        (box(b"mif1", b"mif1"), "image/heif"),
        (box(b"avis"), "image/avif"),
        (box(b"crx "), "image/x-canon-cr3"),
        (box(b"isom", b"isom", b"avc1"), "video/mp4"),
        (box(b"qt  "), "video/quicktime"),
        (box(b"M4A "), "audio/mp4"),
        (box(b"3gp4"), "video/3gpp"),
        (b"\x00\x00\x00\x08wide\x00\x00\x00\x10mdat", "video/quicktime"),
        (b"\x00\x00\x10\x00moov" + bytes(100), "video/quicktime"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "video/x-msvideo"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/x-wav"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "video/webm"),
        (b"\x1aE\xdf\xa3\xa3B\x86\x81\x01B\x82\x88matroska", "video/x-matroska"),
        (b"0&\xb2u\x8ef\xcf\x11\xa6\xd9", "video/x-ms-asf"),
        (b"FLV\x01\x05" + bytes(9), "video/x-flv"),
        (b"\x00\x00\x01\xbaD" + bytes(20), "video/mpeg"),
        ((b"\x47" + bytes(187)) * 8, "video/mp2t"),
        ((b"\x00\x00\x00\x00\x47" + bytes(187)) * 8, "video/mp2t"),
        (b"OggS\x00\x02" + bytes(22) + b"\x01\x1e\x01vorbis", "audio/ogg"),
        (b"OggS\x00\x02" + bytes(22) + b"\x01\x2a\x80theora", "video/ogg"),
        (b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(20), "audio/mpeg"),
        ((b"\xff\xfb\x90\x00" + bytes(413)) * 3, "audio/mpeg"),
        (b"fLaC\x00\x00\x00\x22", "audio/flac"),
        (b"#!AMR\n", "audio/amr"),
        (b"\xff\x0a" + b"\xfa\x1f\x00\x91\x88" * 9, "image/jxl"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl"),
        (b"8BPS\x00\x01", "image/vnd.adobe.photoshop"),
    ],
)
def test_pictures_videos_and_sounds_by_their_containers(content, mime):
    assert mime_of(content) == mime


PARTITION = b"\x80\x01\x01\x00\x07\x00\x00\x00\x01\x00\x00\x00\x08\x00\x00\x00"


def disk(*marks: tuple[int, bytes], size: int = 40_000) -> bytes:
    content = bytearray(size)
    for at, mark in marks:
        content[at : at + len(mark)] = mark
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (b"MSCF\x00\x00\x00\x00", "application/vnd.ms-cab-compressed"),
        (b"KDMV\x01\x00\x00\x00", "application/x-vmdk"),
        (b"QFI\xfb\x00\x00\x00\x03", "application/x-qcow"),
        (b"vhdxfile", "application/x-vhdx"),
        (disk((39_488, b"conectix")), "application/x-vhd"),
        (disk((39_488, b"koly")), "application/x-apple-diskimage"),
        (b"{\\rtf1\\ansi", "application/rtf"),
        (b"SQLite format 3\x00" + bytes(84), "application/vnd.sqlite3"),
        (b"!BDN" + bytes(508), "application/vnd.ms-outlook-pst"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
    ],
)  # fmt: skip
def test_what_is_not_opened_yet_is_known_and_said(content, mime):
    assert mime_of(content) == mime
    assert is_unopened_container(mime)
    assert not is_openable_archive(mime)


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (make_zip([("a.txt", b"x")]), "application/zip"),
        (make_zip([]), "application/zip"),
        (make_zip([("report.xml", b"x"), ("files/a.jpg", b"y")]), "application/zip"),
        (gzip.compress(b"x", mtime=0), "application/gzip"),
        (bz2.compress(b"x"), "application/x-bzip2"),
        (bz2.compress(b""), "application/x-bzip2"),
        (lzma.compress(b"x"), "application/x-xz"),
        (zstandard.compress(b"x"), "application/zstd"),
        (make_tar([("a", b"x")], tarfile.USTAR_FORMAT), "application/x-tar"),
        (make_tar([("a", b"x")], tarfile.GNU_FORMAT), "application/x-tar"),
        (make_tar([("\udcff" * 200, b"x")], tarfile.PAX_FORMAT), "application/x-tar"),
        (b"EVF\x09\r\n\xff\x00", "application/x-ewf"),
        (b"EVF2\r\n\x81\x00", "application/x-ewf"),
        (disk((32769, b"CD001")), "application/x-iso9660-image"),
        (disk((3, b"NTFS    "), (510, b"\x55\xaa")), "application/x-raw-disk-image"),
        (disk((82, b"FAT32   "), (510, b"\x55\xaa")), "application/x-raw-disk-image"),
        (disk((512, b"EFI PART")), "application/x-raw-disk-image"),
        (disk((1080, b"\x53\xef"), (1048, b"\x02")), "application/x-raw-disk-image"),
        (b"EVF\x09\r\n\xff\x00\x01\x02\x00\x00\x00", "application/x-ewf-segment"),
        (b"EVF2\r\n\x81\x00\x02\x01\x01\x00\x07\x00\x00\x00", "application/x-ewf-segment"),
        (disk((446, PARTITION), (510, b"\x55\xaa")), "application/x-raw-disk-image"),
        (b"LUKS\xba\xbe\x00\x01" + bytes(90), "application/x-encrypted-volume"),
    ],
)
def test_archives_that_are_opened(content, mime):
    assert mime_of(content) == mime
    assert is_openable_archive(mime)
    assert not is_unopened_container(mime)


def test_a_zip_behind_other_bytes_is_known_by_its_end():
    assert mime_of(b"\x00\x01 other bytes" + make_zip([("a.txt", b"x")])) == "application/zip"


def old_tar() -> bytes:
    header = bytearray(512)
    header[:5] = b"a.txt"
    header[124:136] = b"00000000000\x00"
    header[148:156] = b" " * 8
    header[148:156] = b"%6o\x00 " % sum(header)
    return bytes(header) + bytes(1024)


def test_old_tar_is_known_by_its_checksum_alone():
    content = old_tar()
    assert mime_of(content) == "application/x-tar"
    assert mime_of(b"b" + content[1:]) == "application/octet-stream"


@pytest.mark.parametrize(
    ("names", "mime"),
    [
        (["[Content_Types].xml", "_rels/.rels", "word/document.xml"], "wordprocessingml.document"),
        (["[Content_Types].xml", "xl/workbook.xml"], "spreadsheetml.sheet"),
        (["[Content_Types].xml", "ppt/presentation.xml"], "presentationml.presentation"),
        (["AndroidManifest.xml", "classes.dex"], "package-archive"),
        (["META-INF/MANIFEST.MF", "a.class"], "java-archive"),
        (["[Content_Types].xml", "holiday.jpg"], "application/zip"),
        (["holiday.jpg", "inner/word/x", "inner/[Content_Types].xml"], "application/zip"),
    ],
)
def test_documents_inside_zip_are_told_from_archives(names, mime):
    assert mime_of(make_zip([(name, b"x" * 50) for name in names])).endswith(mime)


@pytest.mark.parametrize(
    ("stated", "mime"),
    [
        (b"application/epub+zip", "application/epub+zip"),
        (b"application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument"),
        (b"something/else", "application/zip"),
    ],
)
def test_documents_that_state_their_type_first(stated, mime):
    content = make_zip([("mimetype", stated), ("a.xml", b"x")], zipfile.ZIP_STORED)
    assert mime_of(content) == mime


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (b"", "application/x-empty"),
        (b"hello, world\n", "text/plain"),
        ("größe und weite\n".encode("latin-1"), "text/plain"),
        ("größe".encode("utf-16"), "text/plain"),
        (b"\xef\xbb\xbfhello", "text/plain"),
        (("ä" * 70_000).encode(), "text/plain"),
        (b"<!DOCTYPE html><html>", "text/html"),
        (b"<?xml version='1.0'?><a/>", "text/xml"),
        (b'{"a": 1}', "application/json"),
        (b"[1, 2]", "application/json"),
        (b"[section]\nkey=1\n", "text/plain"),
        (b"BEGIN:VCARD\r\nVERSION:3.0\r\n", "text/vcard"),
        (b"Photo of the boat", "text/plain"),
        (b"BMX bikes for sale, all sizes and colours", "text/plain"),
        (b"MZ is my initials", "text/plain"),
        (bytes(range(256)) * 4, "application/octet-stream"),
        (bytes(4096), "application/octet-stream"),
        (b"\x00", "application/octet-stream"),
    ],
)
def test_texts_and_what_is_nothing_known(content, mime):
    assert mime_of(content) == mime
    assert not is_unopened_container(mime)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
def test_a_picture_cut_off_anywhere_never_raises(form):
    content = picture(form)
    for length in range(min(len(content), 400)):
        assert sniff(content[:length], size_bytes=len(content)).mime


def test_every_signature_names_a_row_and_every_prefix_is_safe():
    plain = json.loads(
        resources.files("firstlight.intake").joinpath("content_types.json").read_text("utf-8")
    )
    mimes = {row["mime"] for row in plain["types"]}
    named = {row["mime"] for row in plain["signatures"] if "mime" in row}
    named |= set(plain["brands"].values()) | set(plain["raw_makers"].values())
    named |= {mime for group in plain["equivalent"] for mime in group}
    assert named <= mimes
    assert len(mimes) == len(plain["types"])
    extensions = [name for row in plain["types"] for name in row["extensions"]]
    assert len(extensions) == len(set(extensions))
    for row in plain["signatures"]:
        value = bytes.fromhex(row["hex"]) if "hex" in row else row["text"].encode("latin-1")
        content = bytes(row.get("at", 0)) + value
        for length in range(1, len(content) + 1):
            assert mime_of(content[:length]) in mimes


def test_every_type_that_counts_as_opened_has_a_reader():
    plain = json.loads(
        resources.files("firstlight.intake").joinpath("content_types.json").read_text("utf-8")
    )
    opened = {row["mime"] for row in plain["types"] if row.get("open") == "archive"}
    assert opened == readable_types()


@pytest.mark.parametrize(
    ("name", "mime"),
    [
        (b"/a/b.JPG", "image/jpeg"),
        (b"x.jfif", "image/jpeg"),
        (b"x.tar.gz", "application/gzip"),
        (b"\xff\xfe.heic", "image/heic"),
        (b"name", None),
        (b".jpg", None),
        (b"folder.jpg/name", None),
        (b"x.ts", None),
        (b"x.", None),
        (b"", None),
        (b"evil\n.mp4", "video/mp4"),
    ],
)
def test_what_a_name_claims(name, mime):
    assert claimed_mime(name) == mime


@pytest.mark.parametrize(
    ("name", "found", "is_finding"),
    [
        (b"a.jpg", "image/jpeg", False),
        (b"a.jpg", "image/png", True),
        (b"a.jpg", "application/octet-stream", True),
        (b"a.jpg", "application/x-empty", False),
        (b"a.txt", "image/jpeg", True),
        (b"a.dat", "image/jpeg", False),
        (b"a", "image/jpeg", False),
        (b"a.mov", "video/mp4", False),
        (b"a.mp4", "video/quicktime", False),
        (b"a.m4v", "video/3gpp", False),
        (b"a.heic", "image/heif", False),
        (b"a.heic", "image/jpeg", True),
        (b"a.dng", "image/tiff", False),
        (b"a.tif", "image/x-adobe-dng", False),
        (b"a.docx", "application/zip", False),
        (b"a.docx", "image/jpeg", True),
        (b"a.csv", "text/plain", False),
        (b"a.doc", "application/x-ole-storage", False),
        (b"a.jpg", "application/zip", True),
        (b"a.pdf", "video/mp4", True),
        (b"a.bin", "application/octet-stream", False),
    ],
)
def test_when_name_and_content_disagree(name, found, is_finding):
    assert is_mismatch(claimed_mime(name), found) is is_finding
