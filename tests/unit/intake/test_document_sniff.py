"""Documents, mail and thumbnail stores are known by their content, and are opened."""

from __future__ import annotations

import pytest
from examples import document, thumbnail_store
from tests.unit.intake.archive_making import make_zip

from firstlight.intake.archive import readable_types
from firstlight.intake.content_table import type_table
from firstlight.intake.content_type import (
    HEAD_BYTES,
    TAIL_BYTES,
    claimed_mime,
    is_mismatch,
    is_openable_archive,
    sniff,
)

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
JPEG = b"\xff\xd8\xff\xe0" + b"x" * 200 + b"\xff\xd9"
FILES = [(b"a.jpg", JPEG), (b"b.jpg", JPEG)]


def mime_of(content: bytes) -> str:
    tail = content[-TAIL_BYTES:]
    return sniff(content[:HEAD_BYTES], size_bytes=len(content), tail=tail).mime


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"junk of a mail gateway\n%PDF-1.4\n" + b"x" * 90 + b"%%EOF\n", "application/pdf"),
        (OLE, "application/x-ole-storage"),
        (OLE + "WordDocument\0".encode("utf-16-le"), "application/msword"),
        (OLE + "__substg1.0_37".encode("utf-16-le"), "application/vnd.ms-outlook"),
        (thumbnail_store.make_thumbs_db(FILES).content, "application/x-ole-thumbnails"),
        (thumbnail_store.make_thumbcache(FILES).content, "application/x-windows-thumbnails"),
        (thumbnail_store.make_thumbdata(FILES).content, "application/x-android-thumbnails"),
        (thumbnail_store.make_thumbdata(FILES, 40).content, "application/x-android-thumbnails"),
        (thumbnail_store.make_imgcache(FILES).content, "application/x-android-imgcache"),
        (thumbnail_store.make_quicklook([])[0], "application/x-apple-thumbnails"),
        (document.make_odt(FILES).content, "application/vnd.oasis.opendocument"),
        (document.make_phone_report(FILES).content, "application/x-ufdr+zip"),
        (document.make_mail(FILES).content, "message/rfc822"),
        (b"417 \n" + document.make_mail(FILES).content, "message/rfc822"),
        (document.make_mailbox([document.make_mail(FILES)]).content, "application/mbox"),
        (b"Received: from a by b\r\nFrom: a@example.org\r\nSubject: x\r\n\r\n", "message/rfc822"),
        (b"From a@example.org Sat Jan  3 01:05:34 1996\nFrom: x\n", "application/mbox"),
        (b"From - Sat Jan  3 01:05:34 1996\nFrom: x\n", "application/mbox"),
    ],
)
def test_what_is_opened(content, mime):
    assert mime_of(content) == mime
    assert is_openable_archive(mime)


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (b"Date: Thu\r\nContent-Type: text/html\r\nX-Cache: HIT\r\n\r\n<p>", "text/plain"),
        (b"From: the harbour\nTo: the sea\nit is not far\n", "text/plain"),
        (b"Dear all,\nFrom: a\nTo: b\nSubject: c\nDate: d\n", "text/plain"),
        (b"From: a\n\nTo: b\nSubject: these stand in the text\n", "text/plain"),
        (b"From me to you, Saturday 1996\n", "text/plain"),
        (b"12\nFrom: a list of two words\n", "text/plain"),
        (b"how a %PDF-1.4 file begins\n", "text/plain"),
        (bytes(100_000), "application/octet-stream"),
        (make_zip([("report.xml", b"<project>"), ("files/a.jpg", JPEG)]), "application/zip"),
        (make_zip([("notes.txt", b"cellebrite.com/report"), ("a.jpg", JPEG)]), "application/zip"),
        (make_zip([("Takeout/Google Photos/a.jpg", JPEG), ("Takeout/a.json", b"{}")]),
         "application/zip"),
    ],
)  # fmt: skip
def test_what_is_taken_for_nothing_else(content, mime):
    assert mime_of(content) == mime


def test_every_type_that_is_to_be_opened_has_a_reader_and_no_other_has():
    assert type_table().opened == readable_types()


@pytest.mark.parametrize(
    ("name", "mime"),
    [
        (b"a.ufdr", "application/zip"),
        (b"a.zip", "application/x-ufdr+zip"),
        (b"index.sqlite", "application/x-apple-thumbnails"),
        (b"a.doc", "application/x-ole-storage"),
        (b"a.eml", "text/plain"),
    ],
)
def test_names_of_the_same_family_are_no_finding(name, mime):
    assert not is_mismatch(claimed_mime(name), mime)
