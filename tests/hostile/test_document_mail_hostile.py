"""Mail made to hurt: nested without end, headers without end; recorded errors, in short time."""

from __future__ import annotations

import pytest
from tests.hostile.test_document_hostile import read_quickly

from firstlight.model.bounds import Bounds

HEAD = b"From: a\nTo: b\nSubject: c\n"


def nested(depth: int) -> bytes:
    text = HEAD
    for level in range(depth):
        text += b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level)
    return text + b"\nboat"


MAILS = {
    "parts in parts": nested(3000),
    "messages in messages": HEAD + b"Content-Type: message/rfc822\n\n" * 5000 + b"boat",
    "one boundary for all": HEAD
    + b"Content-Type: multipart/mixed; boundary=x\n\n--x\n" * 2000
    + b"--x--\n" * 2000,
    "an empty boundary": HEAD + b'Content-Type: multipart/mixed; boundary=""\n\n--\n' * 999,
    "a boundary of patterns": HEAD
    + b'Content-Type: multipart/mixed; boundary="(a+)+$"\n\n'
    + b"--aaaaaaaaaaaaaaaaaaaaaaaa\n" * 9000,
    "header without end": HEAD + b"X-A: b\n" * 200_000,
    "one line of header": HEAD + b"Content-Type: " + b"a;" * 300_000,
    "folds without end": HEAD + b"Content-Disposition: attachment;" + b"\n filename*1=a;" * 9000,
    "quotes without end": HEAD + b'Content-Type: text/plain; name="' + b'\\"' * 200_000,
    "words without end": HEAD
    + b"Content-Disposition: attachment; filename="
    + b"=?utf-8?q?a?= " * 9000
    + b"\n\nx",
    "comments in comments": HEAD + b"Date: " + b"(" * 100_000 + b"\n\nx",
    "uuencoded without end": HEAD + b"\n" + b"begin 644 a\n" * 20_000,
    "yenc without end": HEAD + b"\n" + b"=ybegin size=9 name=a\n" * 20_000,
    "equals signs": HEAD + b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=" * 2_000_000,
    "from lines": b"From a Thu Jan  1 00:00:00 2026\n" * 3000,
}


@pytest.mark.parametrize("trick", MAILS)
def test_tricks_of_mail(trick):
    read_quickly(MAILS[trick])


def test_more_parts_than_allowed_stop():
    text = HEAD + b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\na\n" * 500
    account = read_quickly(text, Bounds(archive_members_max=100))
    assert account.end_codes == ["limit-exceeded"]
    assert len(account.order) == 100
