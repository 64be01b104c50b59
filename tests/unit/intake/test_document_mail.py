"""Mail: every part comes out byte for byte, under its name, with the time it was sent."""

from __future__ import annotations

import binascii
import io
import random
from email.message import EmailMessage

import pytest
from examples.document import make_mail, make_mailbox
from tests.unit.intake.archive_making import read_archive

from firstlight.intake.archive import ArchiveEnd, walk_archive
from firstlight.intake.content_type import content_type_of
from firstlight.intake.document.mail_header import sent_time_ns
from firstlight.model.bounds import Bounds

NOISE = random.Random(7).randbytes(300_000)
JPEG = b"\xff\xd8\xff\xe0" + NOISE[:5000] + b"\xff\xd9"


def message(**fields: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.org", "b@example.org", "Boats"
    mail["Date"] = "Sat, 03 Jan 2026 01:05:34 +0200"
    for name, value in fields.items():
        mail[name] = value
    mail.set_content("Hello\nWörld\n")
    return mail


def contents(data: bytes) -> dict[bytes, bytes]:
    return {b"!/".join(names): content for names, content in read_archive(data).contents.items()}


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_attachments_are_the_files_themselves(newline):
    mail = message()
    mail.add_attachment(NOISE, maintype="application", subtype="x-any", filename="noise.bin")
    mail.add_attachment(JPEG, maintype="image", subtype="jpeg", filename="größe 1.jpg")
    mail.add_attachment("räksmörgås = x\n", filename="a.txt", cte="quoted-printable")
    found = contents(mail.as_bytes().replace(b"\n", newline))
    assert found[b"noise.bin"] == NOISE
    assert found["größe 1.jpg".encode()] == JPEG
    assert found[b"a.txt"].decode().strip() == "räksmörgås = x"
    assert b"part 1" in found


def test_times_are_those_of_the_message():
    data = make_mail([(b"a.jpg", JPEG)]).content
    for met in walk_archive(
        io.BytesIO(data), content_type_of("message/rfc822"), bounds=Bounds(), tick=lambda: None
    ):
        if not isinstance(met, ArchiveEnd):
            assert met.facts.mtime_ns == 1_767_225_600 * 10**9


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Thu, 01 Jan 2026 00:00:00 +0000", 1_767_225_600),
        ("Thu, 01 Jan 2026 02:00:00 +0200", 1_767_225_600),
        ("1 Jan 2026 00:00:00", 1_767_225_600),
        ("Thu Jan  1 00:00:00 2026", 1_767_225_600),
        ("", None),
        ("yesterday", None),
        ("Thu, 01 Jan 1066 00:00:00 +0000", None),
        ("Thu, 01 Jan 9999999999 00:00:00 +0000", None),
        ("Thu, 99 Foo 2026 99:99:99 +9999999999999999999999", None),
    ],
)
def test_when_a_message_was_sent(date, seconds):
    assert sent_time_ns(date) == (None if seconds is None else seconds * 10**9)


def test_a_message_in_a_message_is_opened_in_its_turn():
    inner = message()
    inner.add_attachment(JPEG, maintype="image", subtype="jpeg", filename="inner.jpg")
    outer = message()
    outer.add_attachment(inner)
    found = contents(outer.as_bytes())
    assert found[b"part 2!/inner.jpg"] == JPEG


def test_a_forwarded_message_with_hardly_a_header_is_walked():
    head = b"From: a\nTo: b\nSubject: c\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\n"
    inner = b"Subject: only\nContent-Type: multipart/mixed; boundary=x\n\n--x\n"
    inner += b'Content-Disposition: attachment; filename="a.bin"\n\nabc\n--x--\n'
    assert contents(head + inner)[b"a.bin"] == b"abc"


def test_nested_multiparts_are_numbered():
    mail = message()
    mail.add_alternative("<p>Hello</p>", subtype="html")
    mail.add_attachment(b"\x00", maintype="application", subtype="x", filename="z")
    names = list(contents(mail.as_bytes()))
    assert names == [b"part 1.1", b"part 1.2", b"z"]


@pytest.mark.parametrize(
    ("field", "name"),
    [
        (b'attachment; filename="a b.jpg"', b"a b.jpg"),
        (b"attachment; filename=../../etc/passwd", b"../../etc/passwd"),
        (b'attachment; filename="\xff\xfe.jpg"', b"\xff\xfe.jpg"),
        (b'attachment; filename="=?utf-8?B?w6QuanBn?="', "ä.jpg".encode()),
        (b'attachment; filename="=?nonsense?B?w6QuanBn?="', "ä.jpg".encode()),
        (b"attachment; filename*=utf-8''%C3%A4.jpg", "ä.jpg".encode()),
        (b'attachment; filename*0="a"; filename*1="b.jpg"', b"ab.jpg"),
        (b"attachment; filename*=nonsense''%C3%A4.jpg", None),
        (b"attachment; filename*99999=x", None),
        (b"attachment; filename=", b"part 1"),
        (b"=?=;;;====", b"part 1"),
    ],
)
def test_names(field, name):
    data = b"From: a\nTo: b\nSubject: c\nContent-Disposition: " + field + b"\n\nxyz"
    ((found,), content) = next(iter(read_archive(data).contents.items()))
    assert content == b"xyz"
    assert name is None or found == name


def test_base64_with_rubbish_short_ends_and_footers():
    good = binascii.b2a_base64(b"boat" * 1000 + b"s", newline=False)
    rows = b"\n".join(good[at : at + 60] for at in range(0, len(good), 60))
    head = b"From: a\nTo: b\nSubject: c\nContent-Transfer-Encoding: BASE64 \n\n"
    assert contents(head + rows + b"\n\n_____\nlist footer\n")[b"part 1"] == b"boat" * 1000 + b"s"
    assert contents(head + rows.rstrip(b"="))[b"part 1"] == b"boat" * 1000 + b"s"
    assert contents(head + b"\xff\x00*" + rows)[b"part 1"].startswith(b"boat")


def test_no_boundary_no_end_no_parts():
    head = b"From: a\nTo: b\nSubject: c\nContent-Type: multipart/mixed"
    assert contents(head + b"\n\nabc")[b"part 1"] == b"abc"
    assert contents(head + b"; boundary=x\n\n--x\n\nabc")[b"part 1"] == b"abc"
    account = read_archive(head + b"; boundary=x\n\nabc")
    assert account.contents[(b"part 0",)] == b"abc"
    assert account.end_codes == ["decode-failed"]


def test_parts_of_a_digest_are_messages_without_saying_so():
    head = b"From: a\nTo: b\nSubject: c\nContent-Type: multipart/digest; boundary=x\n\n"
    inner = b"From: a\nContent-Disposition: attachment; filename=a.bin\n\nabc\n"
    found = contents(head + b"--x\n\n" + inner + b"--x--\n")
    assert found == {b"a.bin": b"abc"}


def test_a_header_without_an_empty_line_ends_at_the_first_line_that_is_no_field():
    head = b"From: a\nTo: b\nSubject: c\nContent-Type: multipart/mixed; boundary=x\n\n"
    assert contents(head + b"--x\nContent-Type: text/plain\nboat\n--x--\n")[b"part 1"] == b"boat"
    assert contents(head + b"--x\nboat\n--x--\n")[b"part 1"] == b"boat"


def test_parts_behind_the_end_mark_are_given_as_well():
    head = b"From: a\nTo: b\nSubject: c\nContent-Type: multipart/mixed; boundary=x\n\n"
    found = contents(head + b"--x\n\none\n--x--\n\n--x\n\ntwo\n--x--\nfooter\n")
    assert found == {b"part 1": b"one", b"part 2": b"two"}


def test_files_written_into_old_texts():
    lines = [binascii.b2a_uu(NOISE[at : at + 45]) for at in range(0, 2000, 45)]
    uu = b"begin 644 old name.jpg\n" + b"".join(lines) + b"`\nend\n"
    escaped = bytes((byte + 42) % 256 for byte in NOISE[:3000])
    for special in (61, 0, 10, 13):
        escaped = escaped.replace(bytes((special,)), bytes((61, special + 64)))
    yenc = b"=ybegin line=128 size=3000 name=new.jpg\r\n" + escaped + b"\r\n=yend size=3000\r\n"
    text = b"From: a\nTo: b\nSubject: c\n\nsee below\n\n" + uu + b"\nand\n" + yenc + b"bye\n"
    found = contents(text)
    assert found[b"old name.jpg"] == NOISE[: len(range(0, 2000, 45)) * 45]
    assert found[b"new.jpg"] == NOISE[:3000]


def test_apples_form_has_a_length_first_and_more_behind():
    data = make_mail([(b"a.jpg", JPEG)]).content
    found = contents(b"%d\n" % len(data) + data + b'<?xml version="1.0"?><plist/>')
    assert found[b"a.jpg"] == JPEG


def test_a_store_gives_each_message_as_it_is_stored():
    mails = [make_mail([(b"%d.bin" % n, NOISE[: 1000 * n])]) for n in range(1, 5)]
    packed = make_mailbox(mails)
    found = contents(packed.content)
    assert all(found[name] == content for name, content in packed.members)


def test_from_inside_a_text_does_not_cut_a_message():
    stored = b"From a Thu Jan  1 00:00:00 2026\nFrom: a\nTo: b\nSubject: c\n\n"
    stored += b"From here it is not far.\n\nFrom there neither, 2026.\n>From a Thu\n"
    account = read_archive(stored)
    assert account.ends[()].member_count == 1


def test_a_store_is_never_in_memory():
    mail = make_mail([]).content.replace(b"\r\n", b"\n") + b"harbour\n" * 4000
    stored = (b"From a Thu Jan  1 00:00:00 2026\n" + mail + b"\n") * 400
    reads: list[int] = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            reads.append(len(data))
            return data

    kind = content_type_of("application/mbox")
    count = 0
    for met in walk_archive(Watched(stored), kind, bounds=Bounds(), tick=lambda: None):
        count += not isinstance(met, ArchiveEnd) and len(met.members) == 1
    assert count == 400
    assert max(reads) <= 1 << 20
