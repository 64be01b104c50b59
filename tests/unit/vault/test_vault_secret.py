"""The secret of a home: written and read back, damaged never taken, shown nowhere."""

from __future__ import annotations

import json
import traceback

import pytest

from firstlight.errors import KeyWrongError
from firstlight.vault.secret import HomeSecret


def test_it_reads_back_what_it_wrote() -> None:
    secret = HomeSecret.generate().rotated(is_signing_renewed=True)
    again = HomeSecret.from_json(secret.to_json())
    assert again == secret
    assert again.previous == secret.previous
    assert HomeSecret.from_json(secret.settled().to_json()) == secret.settled()


def test_no_two_are_alike() -> None:
    one, other = HomeSecret.generate(), HomeSecret.generate()
    assert one != other
    assert one.secret_id != other.secret_id
    assert one.master != one.signing_seed


def test_rotation_keeps_the_name_and_the_old_master() -> None:
    old = HomeSecret.generate()
    new = old.rotated()
    assert (new.secret_id, new.signing_seed) == (old.secret_id, old.signing_seed)
    assert new.previous == (old.master,)
    assert new.master != old.master
    assert old.rotated(is_signing_renewed=True).signing_seed != old.signing_seed
    assert new.settled().previous == ()


def test_its_repr_shows_no_key() -> None:
    secret = HomeSecret.generate().rotated()
    shown = repr(secret) + str(secret) + f"{secret}"
    assert secret.secret_id in shown
    for key in (secret.master, secret.signing_seed, *secret.previous):
        assert key.hex() not in shown
        assert repr(key)[2:-1] not in shown


def test_every_single_altered_character_is_noticed() -> None:
    text = HomeSecret.generate().to_json()
    plain = json.loads(text)
    for name in ("secret_id", "master", "signing_seed", "check"):
        for index in range(len(plain[name])):
            old = plain[name][index]
            new = "0" if old != "0" else "1"
            value = plain[name][:index] + new + plain[name][index + 1 :]
            with pytest.raises(KeyWrongError):
                HomeSecret.from_json(json.dumps({**plain, name: value}))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "7", '"x"', "{}", b"\xff\xfe\x00", "[" * 100_000, '{"check": 1}'],
)
def test_what_is_no_key_is_refused(text: str | bytes) -> None:
    with pytest.raises(KeyWrongError):
        HomeSecret.from_json(text)


def test_a_damaged_key_is_not_quoted_in_the_error() -> None:
    text = HomeSecret.generate().to_json()[:-20]
    master = text.split('"master": "')[1][:64]
    with pytest.raises(KeyWrongError) as caught:
        HomeSecret.from_json(text)
    assert caught.value.__context__ is None
    shown = "".join(traceback.format_exception(caught.value)) + str(caught.value.detail)
    assert master not in shown


def test_keys_of_a_wrong_size_are_refused() -> None:
    with pytest.raises(KeyWrongError):
        HomeSecret("0" * 16, b"short", bytes(32))
    with pytest.raises(KeyWrongError):
        HomeSecret("../../etc/passwd", bytes(32), bytes(32))
