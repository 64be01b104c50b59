"""Frames: whole messages out of any cut of the stream, and nothing but plain values."""

from __future__ import annotations

import contextlib
import struct

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstlight.engine.frame import FrameError, FrameReader, pack_frame

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.binary(), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.lists(plain, max_size=5), st.integers(1, 40))
def test_any_cut_gives_the_same_messages(messages, cut):
    stream = b"".join(pack_frame(message) for message in messages)
    reader = FrameReader(1 << 20)
    got = []
    for start in range(0, len(stream), cut):
        got += reader.feed(stream[start : start + cut])
    assert got == messages


@given(st.binary(min_size=5, max_size=80))
def test_any_bytes_give_messages_or_a_frame_error(data):
    reader = FrameReader(1 << 16)
    with contextlib.suppress(FrameError):
        list(reader.feed(struct.pack(">I", len(data)) + data))
        list(reader.feed(data))


def frame(body):
    return struct.pack(">I", len(body)) + body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        msgpack.packb(msgpack.ExtType(5, b"x")),
        b"\xa2\xff\xfe",
        b"\xdd\xff\xff\xff\xff",
        b"\x91" * 5000 + b"\xc0",
        msgpack.packb([1]) + b"more",
        b"\x81\x90\x01",
    ],
    ids=["empty", "reserved", "extension", "no utf-8", "huge", "deep", "trailing", "list as key"],
)
def test_what_is_no_plain_value_is_refused(body):
    with pytest.raises(FrameError):
        list(FrameReader(1 << 20).feed(frame(body)))


def test_a_long_frame_is_refused_before_it_has_come():
    with pytest.raises(FrameError, match="too long"):
        list(FrameReader(100).feed(struct.pack(">I", 101)))


def test_messages_before_a_fault_still_count():
    messages = FrameReader(1 << 20).feed(pack_frame(["begin", b"k"]) + frame(b"\xc1"))
    assert next(messages) == ["begin", b"k"]
    with pytest.raises(FrameError):
        next(messages)
