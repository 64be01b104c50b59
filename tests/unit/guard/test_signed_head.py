"""Signed heads: the form that others read, and what they find in a log that was changed."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firstlight.errors import InternalError, SignatureError, UsageError
from firstlight.guard.head import HeadCheck, SignedHead, check_signature, read_head, sign_head
from firstlight.guard.note import PublicKey, read_note, read_public_key, sign_note, signer_of
from firstlight.guard.tree import EventTree

ORIGIN = "firstlight/0123456789abcdef"
AT = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


class Signing:
    """A signer whose key is made from a number."""

    def __init__(self, seed: int = 1) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)

    @property
    def public_key(self) -> bytes:
        return self._private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


def event(number: int) -> bytes:
    return sha256(b"event %d" % number).digest()


def head_of(size: int, signer: Signing | None = None, events=event) -> SignedHead:
    tree = EventTree()
    for number in range(1, size + 1):
        tree.add(events(number))
    return sign_head(signer or Signing(), ORIGIN, tree=tree, chain=events(size), at=AT)


def codes(check: HeadCheck, digests: list[bytes]) -> list[tuple[int | None, str]]:
    found = [one for digest in digests for one in check.step(digest)] + check.rest()
    return [(one.event_seq, one.code) for one in found]


def test_the_published_example_of_a_note_verifies() -> None:
    # The example in the documentation of Go's sumdb/note, from which the form comes.
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
    )
    key = read_public_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    note = read_note(
        text + "\n\u2014 PeterNeumann "
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    assert note.is_signed_by(key)
    assert not replace(note, text=text.upper()).is_signed_by(key)


def test_a_head_is_a_checkpoint_with_three_lines_of_our_own() -> None:
    head = head_of(3)
    lines = head.file_text.split("\n")
    assert lines[:2] == [ORIGIN, "3"]
    assert base64.b64decode(lines[2]) == head.head.root
    assert [line.split(" ")[0] for line in lines[3:6]] == ["chain", "at", "key"]
    assert (lines[6], lines[8]) == ("", "")
    assert lines[7].startswith(f"\u2014 {ORIGIN} ")
    assert read_head(head.file_text) == head
    assert check_signature(head, [Signing().public_key]) is None
    assert head.head.chain.hex() in head.line


def test_the_tree_is_that_of_rfc_6962() -> None:
    def slow(leaves: list[bytes]) -> bytes:
        if len(leaves) == 1:
            return sha256(b"\x00" + leaves[0]).digest()
        half = 1 << (len(leaves) - 1).bit_length() - 1
        return sha256(b"\x01" + slow(leaves[:half]) + slow(leaves[half:])).digest()

    tree = EventTree()
    assert tree.root() == sha256(b"").digest()
    for size in range(1, 70):
        tree.add(event(size))
        assert tree.root() == slow([event(number) for number in range(1, size + 1)])
        again = EventTree(tree.size, tree.edge)
        assert again.root() == tree.root()
    with pytest.raises(InternalError):
        EventTree(3, tree.edge[:1])


def test_a_log_that_was_only_added_to_agrees_with_every_head() -> None:
    check = HeadCheck([head_of(size) for size in (1, 2, 5, 8)])
    assert codes(check, [event(number) for number in range(1, 12)]) == []


def test_rewriting_and_truncation_are_told_apart() -> None:
    heads = [head_of(size) for size in (2, 5, 8)]
    digests = [event(number) for number in range(1, 9)]
    digests[4:] = [event(number + 100) for number in range(5, 9)]
    assert codes(HeadCheck(heads), digests) == [(5, "head-rewritten"), (8, "head-rewritten")]
    assert codes(HeadCheck(heads), [event(1), event(2), event(3)]) == [
        (4, "head-truncated"),
        (4, "head-truncated"),
    ]
    assert codes(HeadCheck(heads[:1]), []) == [(1, "head-truncated")]


def test_an_earlier_event_that_was_swapped_is_found_by_the_root() -> None:
    digests = [event(1), event(77), event(3)]
    assert codes(HeadCheck([head_of(3)]), digests) == [(3, "head-rewritten")]


def test_another_key_is_found() -> None:
    head = head_of(3, Signing(2))
    found = check_signature(head, [Signing(1).public_key])
    assert found is not None
    assert found.code == "head-signature"
    assert check_signature(head, [Signing(1).public_key, Signing(2).public_key]) is None


def test_every_changed_byte_is_found() -> None:
    raw = head_of(4).file_text.encode()
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1
        try:
            head = read_head(changed.decode("utf-8"))
        except (SignatureError, UnicodeDecodeError):
            continue
        assert check_signature(head, [Signing().public_key]) is not None, place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "a\nb\n",
        f"{ORIGIN}\n1\n\n\u2014 {ORIGIN} AAAAAAAA\n",
        f"{ORIGIN}\n1\nx\nchain x\nat x\nkey x\n\n\u2014 {ORIGIN} AAAAAAAA\n",
        "x" * 100_000,
        "a\n\n\u2014 b !!!!\n",
        "a\n\n- b AAAAAAAA\n",
        "a\r\n\n\u2014 b AAAAAAAA\n",
    ],
)
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(SignatureError):
        read_head(text)


def test_numbers_and_times_have_one_form() -> None:
    key = PublicKey(ORIGIN, Signing().public_key)
    text = head_of(4).head.text
    for old, new in (
        ("\n4\n", "\n04\n"),
        ("\n4\n", "\n+4\n"),
        (".000000Z", "Z"),
        ("\n4\n", "\n0\n"),
    ):
        with pytest.raises(SignatureError):
            read_head(sign_note(text.replace(old, new, 1), key, Signing().sign))


def test_a_cosigned_head_is_still_ours() -> None:
    head, witness = head_of(4), PublicKey("witness.example", Signing(9).public_key)
    cosigned = (
        head.file_text
        + sign_note(head.head.text, witness, Signing(9).sign).rsplit("\n", 2)[1]
        + "\n"
    )
    read = read_head(cosigned)
    assert check_signature(read, [Signing().public_key]) is None
    assert signer_of(read.note, [witness]) == witness


def test_a_signature_that_names_a_key_and_is_not_by_it_spoils_the_note() -> None:
    head, key = head_of(4), PublicKey(ORIGIN, Signing().public_key)
    forged = sign_note("x\n", key, Signing().sign).rsplit("\n", 2)[1]
    assert check_signature(read_head(head.file_text + forged + "\n"), [key.key]) is not None


@pytest.mark.parametrize("text", ["", "a", "a+b+c", "a+00000000+" + "A" * 44, "+x+AA=="])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_public_key(text)
