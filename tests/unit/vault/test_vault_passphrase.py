"""Sealing under a passphrase: round trip, wrong ones, altered files, hostile costs."""

from __future__ import annotations

import json

import pytest

from firstlight.errors import FirstlightError, KeyWrongError, SettingError
from firstlight.vault.passphrase import (
    PassphraseCost,
    check_new_passphrase,
    open_under_passphrase,
    seal_under_passphrase,
    secret_id_of,
)

CHEAP = PassphraseCost(memory_kib=32, iterations=1, lanes=1)
WORDS = "correct horse battery"


def sealed_with(words: str) -> bytes:
    return seal_under_passphrase(b"the plain", words, secret_id="ab" * 8, cost=CHEAP)


def test_it_opens_under_its_own_words_alone() -> None:
    sealed = sealed_with(WORDS)
    assert b"plain" not in sealed
    assert secret_id_of(sealed) == "ab" * 8
    assert open_under_passphrase(sealed, WORDS) == b"the plain"
    for wrong in ("", WORDS + " ", WORDS.upper(), WORDS[:-1]):
        with pytest.raises(KeyWrongError):
            open_under_passphrase(sealed, wrong)


def test_the_two_ways_of_writing_a_letter_are_one() -> None:
    sealed = sealed_with("\u00fcber alle Maßen")
    assert open_under_passphrase(sealed, "u\u0308ber alle Maßen") == b"the plain"


def test_the_same_words_never_seal_alike() -> None:
    one, other = json.loads(sealed_with(WORDS)), json.loads(sealed_with(WORDS))
    assert one["salt"] != other["salt"]
    assert one["sealed"] != other["sealed"]


def test_the_default_cost_is_that_of_the_standard_or_more() -> None:
    cost = PassphraseCost()
    assert (cost.memory_kib >= 65536, cost.iterations, cost.lanes) == (True, 3, 4)


def test_every_altered_field_is_noticed() -> None:
    plain = json.loads(sealed_with(WORDS))
    for name, value in plain.items():
        altered = value + 1 if isinstance(value, int) else value[:-1] + "01"[value[-1] == "0"]
        with pytest.raises(KeyWrongError):
            open_under_passphrase(json.dumps({**plain, name: altered}).encode(), WORDS)
        without = {key: old for key, old in plain.items() if key != name}
        with pytest.raises(KeyWrongError):
            open_under_passphrase(json.dumps(without).encode(), WORDS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("memory_kib", 1 << 40),
        ("memory_kib", 0),
        ("memory_kib", -1),
        ("memory_kib", True),
        ("memory_kib", 32.0),
        ("memory_kib", "32"),
        ("memory_kib", None),
        ("iterations", 1 << 31),
        ("iterations", 0),
        ("lanes", 0),
        ("lanes", 1 << 24),
        ("salt", ""),
        ("salt", "zz"),
        ("nonce", "00"),
        ("sealed", 5),
        ("secret_id", 5),
        ("secret_id", "ü"),
    ],
)
def test_hostile_values_are_refused_before_they_cost_anything(name: str, value: object) -> None:
    plain = json.loads(sealed_with(WORDS))
    with pytest.raises(KeyWrongError):
        open_under_passphrase(json.dumps({**plain, name: value}).encode(), WORDS)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"7", b"\xff", b"[" * 60_000])
def test_what_is_no_sealed_key_is_refused(content: bytes) -> None:
    with pytest.raises(FirstlightError):
        open_under_passphrase(content, WORDS)


@pytest.mark.parametrize(
    "words", ["", "brief", "elevenchars", "aaaaaaaaaaaaaaaaaaaa", "abababababab"]
)
def test_new_words_must_be_hard_to_try_out(words: str) -> None:
    with pytest.raises(SettingError) as caught:
        check_new_passphrase(words)
    assert not words or words not in caught.value.message
    check_new_passphrase("twelve chars")
