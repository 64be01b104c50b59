"""Sealing gives back what went in, and refuses whatever else it is given."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstlight.errors import FirstlightError, SealBrokenError
from firstlight.vault.sealing import MasterKey, SealingKey
from firstlight.vault.secret import HomeSecret

KEY = SealingKey(os.urandom(32))
MASTER = MasterKey(os.urandom(32))


@given(st.binary(max_size=2000), st.binary(max_size=100))
def test_round_trip(plain: bytes, context: bytes) -> None:
    assert KEY.open(context, KEY.seal(context, plain)) == plain


@given(st.binary(max_size=200), st.binary(max_size=20), st.binary(max_size=20))
def test_another_context_never_opens(plain: bytes, context: bytes, other: bytes) -> None:
    sealed = KEY.seal(context, plain)
    if other == context:
        assert KEY.open(other, sealed) == plain
    else:
        with pytest.raises(SealBrokenError):
            KEY.open(other, sealed)


@given(st.binary(max_size=100), st.data())
def test_another_byte_never_opens(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(KEY.seal(b"", plain))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealBrokenError):
        KEY.open(b"", bytes(sealed))


@given(st.binary(max_size=200))
def test_noise_raises_nothing_but_our_errors(noise: bytes) -> None:
    for call in (
        lambda: KEY.open(b"", noise),
        lambda: MASTER.unwrap("home.key", noise),
        lambda: HomeSecret.from_json(noise),
    ):
        with pytest.raises(FirstlightError):
            call()


@given(st.binary(min_size=32, max_size=32), st.text(max_size=30), st.text(max_size=30))
def test_a_wrapped_key_opens_under_its_own_name_alone(key: bytes, name: str, other: str) -> None:
    wrapped = MASTER.wrap(name, key)
    assert MASTER.unwrap(name, wrapped) == key
    if other != name:
        with pytest.raises(SealBrokenError):
            MASTER.unwrap(other, wrapped)
