"""gzip, bzip2, xz and Zstandard: joined streams, padding, names, cut-off and trailing bytes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random

import pytest
import zstandard
from tests.unit.intake.archive_making import make_tar, read_archive

from firstlight.errors import DecodeError, LimitError, TruncatedError
from firstlight.intake.archive.compressed import gzip_name
from firstlight.intake.archive.inflate import Inflated

NOISE = random.Random(6).randbytes(200_000)
TEXT = b"the boat in the harbour\n" * 20_000


def zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(content)


PACKERS = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zstd": zstd}


@pytest.fixture(params=sorted(PACKERS))
def codec(request):
    return request.param


def unpack(codec: str, data: bytes, piece: int = 1 << 16) -> bytes:
    stream = Inflated(io.BytesIO(data), codec, spend=lambda _: None, tick=lambda: None)
    parts = []
    while part := stream.read(piece):
        assert len(part) <= piece
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("content", [b"", b"x", TEXT, NOISE], ids=["empty", "one", "text", "noise"])
@pytest.mark.parametrize("piece", [7777, 1 << 20])
def test_bytes_come_back(codec, content, piece):
    assert unpack(codec, PACKERS[codec](content), piece) == content


def test_joined_streams_are_one_content(codec):
    pack = PACKERS[codec]
    assert unpack(codec, pack(b"one") + pack(b"") + pack(TEXT)) == b"one" + TEXT


@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.999])
def test_an_early_end_is_said(codec, share):
    data = PACKERS[codec](NOISE)
    with pytest.raises(TruncatedError):
        unpack(codec, data[: max(6, int(len(data) * share))])


def test_an_early_end_just_before_the_checksum_is_said(codec):
    data = PACKERS[codec](NOISE)
    with pytest.raises((TruncatedError, DecodeError)):
        unpack(codec, data[:-1])


def test_damage_is_said(codec):
    data = bytearray(PACKERS[codec](TEXT))
    for at in range(len(data) // 2, len(data) // 2 + 8):
        data[at] ^= 0x5A
    with pytest.raises((DecodeError, TruncatedError)):
        unpack(codec, bytes(data))


def test_no_archive_at_all_is_said(codec):
    with pytest.raises(DecodeError):
        unpack(codec, b"this is something else entirely")


def test_trailing_bytes_are_said_and_the_content_is_whole(codec):
    account = read_archive(PACKERS[codec](TEXT) + b"something behind")
    assert list(account.contents.values()) == [TEXT]
    assert account.errors == {}
    assert account.end_codes == ["decode-failed"]


def test_zeros_behind_gzip_and_xz_are_padding():
    for codec in ("gzip", "xz"):
        account = read_archive(PACKERS[codec](b"x") + bytes(1024))
        assert account.ends[()].failures == ()


def test_a_tar_inside_is_read_straight_through(codec):
    data = PACKERS[codec](make_tar([("a", b"1"), ("b", NOISE)]))
    account = read_archive(data)
    assert account.contents == {(b"a",): b"1", (b"b",): NOISE}
    assert account.ends[()].member_count == 2


def test_skippable_frames_are_skipped():
    skippable = b"\x5a\x2a\x4d\x18" + (100_000).to_bytes(4, "little") + bytes(100_000)
    assert unpack("zstd", zstd(b"one") + skippable + zstd(b"two")) == b"onetwo"
    assert unpack("zstd", skippable + zstd(b"two")) == b"two"


@pytest.mark.parametrize("options", [{}, {"write_content_size": False}, {"write_checksum": False}])
def test_zstandard_frames_of_every_shape(options):
    for level in (1, 19):
        packer = zstandard.ZstdCompressor(level=level, **options)
        for content in (b"", b"x" * 300_000, NOISE, TEXT):
            assert unpack("zstd", packer.compress(content)) == content


def test_memory_that_a_stream_may_ask_for_is_bounded():
    wide = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters.from_level(3, window_log=30)
    )
    stream = wide.compressobj()
    with pytest.raises(LimitError):
        unpack("zstd", stream.compress(TEXT) + stream.flush())
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 29}]
    header = lzma.compress(b"x", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}])
    # The same stream, its dictionary restated as 512 MiB (and the header's checksum with it).
    assert filters[0]["dict_size"] > 1 << 28
    body = bytearray(header)
    size = (body[12] + 1) * 4
    body[16] = 34
    import zlib

    body[12 + size - 4 : 12 + size] = zlib.crc32(bytes(body[12 : 12 + size - 4])).to_bytes(
        4, "little"
    )
    with pytest.raises(LimitError):
        unpack("xz", bytes(body))


@pytest.mark.parametrize(
    ("name", "member"),
    [(b"a/b.JPG.bz2", b"b.JPG"), (b"x.bz2", b"x"), (b".bz2", b"content"), (b"", b"content")],
)
def test_the_members_name_is_derived_where_none_is_stored(name, member):
    assert read_archive(bz2.compress(b"x"), name=name).names == [member]


def test_the_name_that_gzip_stores_is_kept_as_it_is():
    buffer = io.BytesIO()
    with gzip.GzipFile("inner name.jpg", "wb", fileobj=buffer) as file:
        file.write(b"x")
    assert read_archive(buffer.getvalue(), name=b"outer.gz").names == [b"inner name.jpg"]
    plain = gzip.compress(b"x")
    odd = plain[:3] + b"\x0c" + plain[4:10] + b"\x02\x00ab" + b"../\xff\n\x00" + plain[10:]
    assert gzip_name(odd) == b"../\xff\n"
    assert read_archive(odd).contents == {(b"../\xff\n",): b"x"}
