"""7z: every method, solid and not, locked in content and in names, always in order."""

from __future__ import annotations

import io
import lzma
import random
import struct
import zlib

import py7zr
import pytest
from examples.locked import make_7z
from py7zr.properties import FILTER_DEFLATE64
from tests.unit.intake.archive_making import Account, make_zip, read_archive

from firstlight.errors import DecodeError, EncryptedError, LimitError
from firstlight.intake.archive import sevenzip_folder, walk_archive
from firstlight.intake.archive.sevenzip_lock import derive_key
from firstlight.intake.content_type import content_type_of
from firstlight.model.bounds import Bounds

NOISE = random.Random(5).randbytes(200_000)
PROGRAM = b"".join(
    b"\xe8" + (n * 37 - at).to_bytes(4, "little", signed=True) + b"\x90\x55\x8b\xec\x00\x01\x02"
    for at, n in enumerate(range(0, 40_000, 3))
)
FILES = [
    ("a.txt", b"hello"), ("noise", NOISE), ("code", PROGRAM), ("sub/text", b"boat " * 90_000),
    ("gr\u00fc\u00dfe \U0001f30a.txt", b"sea"), ("last", b"."),
]  # fmt: skip
PLAIN = {(name.encode(),): content for name, content in FILES}
WORD = "gr\u00fcner Hafen"
LIST = (b"no", b"neither", WORD.encode(), b"later")

CHAINS = {
    "lzma2": [{"id": py7zr.FILTER_LZMA2, "preset": 1}],
    "lzma": [{"id": py7zr.FILTER_LZMA}],
    "bzip2": [{"id": py7zr.FILTER_BZIP2}],
    "deflate": [{"id": py7zr.FILTER_DEFLATE}],
    "deflate64": [{"id": FILTER_DEFLATE64}],
    "zstd": [{"id": py7zr.FILTER_ZSTD, "level": 3}],
    "brotli": [{"id": py7zr.FILTER_BROTLI, "level": 3}],
    "copy": [{"id": py7zr.FILTER_COPY}],
    "delta": [{"id": py7zr.FILTER_DELTA, "dist": 3}, {"id": py7zr.FILTER_LZMA2, "preset": 1}],
    "x86-lzma2": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA2, "preset": 1}],
    "x86-lzma": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA}],
    "arm-bzip2": [{"id": py7zr.FILTER_ARM}, {"id": py7zr.FILTER_BZIP2}],
    "armt-zstd": [{"id": py7zr.FILTER_ARMTHUMB}, {"id": py7zr.FILTER_ZSTD}],
    "ppc-lzma2": [{"id": py7zr.FILTER_POWERPC}, {"id": py7zr.FILTER_LZMA2, "preset": 1}],
    "sparc-lzma2": [{"id": py7zr.FILTER_SPARC}, {"id": py7zr.FILTER_LZMA2, "preset": 1}],
}
CRYPT = {"id": py7zr.FILTER_CRYPTO_AES256_SHA256}


def codes(account: Account) -> dict[tuple[bytes, ...], str]:
    return account.failures | {name: error.code for name, error in account.errors.items()}


@pytest.mark.parametrize("chain", CHAINS)
def test_every_method_gives_the_bytes(chain):
    account = read_archive(make_7z(FILES, filters=CHAINS[chain]))
    assert codes(account) == {}
    assert account.contents == PLAIN
    assert account.ends[()].failures == ()
    assert account.ends[()].member_count == len(FILES)
    assert [ordinals for _, ordinals in account.order] == [(n,) for n in range(len(FILES))]


@pytest.mark.parametrize("chain", ["lzma2", "copy", "zstd", "x86-lzma2"])
@pytest.mark.parametrize("is_header_locked", [False, True])
def test_every_method_under_a_lock(chain, is_header_locked):
    data = make_7z(FILES, WORD, filters=[*CHAINS[chain], CRYPT], is_header_locked=is_header_locked)
    account = read_archive(data, passwords=LIST)
    assert codes(account) == {}
    assert account.contents == PLAIN


def test_small_members_through_every_filter():
    for chain in CHAINS.values():
        for size in (1, 4, 5, 17):
            content = PROGRAM[:size]
            account = read_archive(make_7z([("x", content)], filters=chain))
            assert account.contents == {(b"x",): content}, (chain, size)


LOCKED = make_7z(FILES, WORD)
HIDDEN = make_7z(FILES, WORD, is_header_locked=True)


@pytest.mark.parametrize("passwords", [(), (b"x", b"y")])
def test_no_password_fits(passwords):
    account = read_archive(LOCKED, passwords=passwords)
    assert codes(account) == dict.fromkeys(PLAIN, "encrypted")
    assert account.ends[()].failures == ()
    hidden = read_archive(HIDDEN, passwords=passwords)
    assert hidden.end_codes == ["encrypted"]
    assert hidden.ends[()].member_count == 0


def test_a_stored_lock_tells_wrong_passwords_by_the_checksum(monkeypatch):
    monkeypatch.setattr(sevenzip_folder, "TRIAL_BYTES", 1000)
    # Whole blocks: no zeros at the end give a wrong password away.
    for content in (NOISE, NOISE[:-3]):
        data = make_7z([("n", content)], WORD, filters=[*CHAINS["copy"], CRYPT])
        many = tuple(b"%d" % n for n in range(12))
        assert read_archive(data, passwords=(*many, *LIST)).contents == {(b"n",): content}
        assert codes(read_archive(data, passwords=many)) == {(b"n",): "encrypted"}


def test_a_key_is_derived_once_an_archive(monkeypatch):
    derived: list[bytes] = []

    def counted(password, *rest):
        derived.append(password)
        return derive_key(password, *rest)

    monkeypatch.setattr("firstlight.intake.archive.sevenzip_lock.derive_key", counted)
    parts = [make_folder(bytes([65 + n]) * 90, WORD) for n in range(5)]
    account = read_archive(make_archive(parts), passwords=LIST)
    assert list(account.contents.values()) == [bytes([65 + n]) * 90 for n in range(5)]
    assert derived == [b"no", b"neither", WORD.encode()]


def test_folders_with_different_passwords():
    parts = [make_folder(b"one" * 30, "eins"), make_folder(b"two" * 30, "zwei"),
             make_folder(b"three" * 30, "drei")]  # fmt: skip
    account = read_archive(make_archive(parts), passwords=(b"drei", b"eins"))
    assert [account.contents[n,] for n in (b"0", b"2")] == [b"one" * 30, b"three" * 30]
    assert codes(account) == {(b"1",): "encrypted"}


def make_folder(content: bytes, password: str | None = None) -> tuple[bytes, bytes, bytes, bytes]:
    """Packed bytes, description of the folder, its sizes, its checksum."""
    packer = lzma.LZMACompressor(lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0}])
    packed = packer.compress(content) + packer.flush()
    sizes, coders, bound = number(len(content)), b"\x21\x21\x01\x14", b""
    if password is not None:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        key = derive_key(password.encode(), b"", 10, lambda: None)
        engine = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor()
        sizes += number(len(packed))
        packed = engine.update(packed + bytes(-len(packed) % 16))
        coders += b"\x24\x06\xf1\x07\x01\x01\x0a"
        bound = b"\x00\x01"
    folder = bytes([1 + (password is not None)]) + coders + bound
    return packed, folder, sizes, struct.pack("<I", zlib.crc32(content))


def number(value: int) -> bytes:
    return b"\xff" + value.to_bytes(8, "little")


def make_archive(folders: list[tuple[bytes, bytes, bytes, bytes]]) -> bytes:
    packed = b"".join(part[0] for part in folders)
    count = number(len(folders))
    header = b"\x01\x04\x06\x00" + count + b"\x09"
    header += b"".join(number(len(part[0])) for part in folders) + b"\x00"
    header += b"\x07\x0b" + count + b"\x00" + b"".join(part[1] for part in folders)
    header += b"\x0c" + b"".join(part[2] for part in folders)
    header += b"\x0a\x01" + b"".join(part[3] for part in folders) + b"\x00\x00"
    names = b"".join(str(n).encode("utf-16-le") + b"\0\0" for n in range(len(folders)))
    header += b"\x05" + count + b"\x11" + number(len(names) + 1) + b"\x00" + names + b"\x00\x00"
    return wrap(packed, header)


def wrap(packed: bytes, header: bytes) -> bytes:
    place = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    start = b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(place)) + place
    return start + packed + header


def test_folders_empty_files_links_and_times(tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "a").write_bytes(b"1")
    (tmp_path / "in" / "empty").touch()
    (tmp_path / "in" / "link").symlink_to("deep/a")
    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w") as archive:
        archive.writeall(tmp_path / "in", "in")
    account = read_archive(buffer.getvalue())
    assert account.contents == {(b"in/deep/a",): b"1", (b"in/empty",): b""}
    assert account.outcomes == {(b"in/link",): "skipped"}
    walked = walk_archive(
        io.BytesIO(buffer.getvalue()), content_type_of("application/x-7z-compressed"),
        bounds=Bounds(), tick=lambda: None,
    )  # fmt: skip
    times = {met.members: met.facts.mtime_ns for met in walked if met.members}
    stated = (tmp_path / "in" / "deep" / "a").stat().st_mtime_ns
    assert abs(times[b"in/deep/a",] - stated) < 10_000


def test_members_that_are_passed_over_cost_nothing_but_decompression():
    data = make_7z(FILES)
    kind = content_type_of("application/x-7z-compressed")
    for wanted, content in PLAIN.items():
        for met in walk_archive(io.BytesIO(data), kind, bounds=Bounds(), tick=lambda: None):
            if not hasattr(met, "open"):
                continue
            if met.members == wanted:
                assert b"".join(met.open().pieces()) == content
            else:
                met.pass_over()


def test_archives_inside_one_another():
    inner = make_7z([("deep.zip", make_zip([("x", b"1")])), ("y", b"2")], "in")
    middle = make_zip([("inner.7z", inner)])
    data = make_7z([("first", NOISE), ("middle.zip", middle), ("tail", b"3")], WORD)
    account = read_archive(data, passwords=(b"in", WORD.encode()))
    assert account.contents[b"middle.zip", b"inner.7z", b"deep.zip", b"x"] == b"1"
    assert account.contents[b"middle.zip", b"inner.7z", b"y"] == b"2"
    assert account.contents[b"tail",] == b"3"
    assert codes(account) == {}


def test_damage_in_a_folder_costs_what_follows_in_it():
    parts = [make_folder(NOISE), make_folder(b"whole" * 100)]
    data = bytearray(make_archive(parts))
    data[32 + 100_000] ^= 1
    account = read_archive(bytes(data))
    assert isinstance(account.errors[b"0",], DecodeError)
    assert account.contents[b"1",] == b"whole" * 100


def test_a_method_that_is_not_opened_is_listed():
    packed, folder, sizes, checksum = make_folder(b"x" * 50)
    odd = folder.replace(b"\x21\x21\x01\x14", b"\x24\x04\xf7\x11\x04\x01\x00")
    account = read_archive(make_archive([(packed, odd, sizes, checksum), make_folder(b"y")]))
    assert account.outcomes == {(b"0",): "not-opened"}
    assert account.contents == {(b"1",): b"y"}


def test_ppmd_is_listed_as_not_opened():
    ppmd = [{"id": py7zr.FILTER_PPMD, "order": 6, "mem": 20}]
    account = read_archive(make_7z(FILES[:1], filters=ppmd))
    assert account.outcomes == {(b"a.txt",): "not-opened"}


def test_an_empty_archive():
    account = read_archive(wrap(b"", b""))
    assert account.ends[()].failures == ()
    assert account.order == []


def test_bounds_hold():
    bomb = make_7z([("bomb", bytes(12_000_000)), ("after", b"x")])
    account = read_archive(bomb, keep=False)
    assert isinstance(account.errors[b"bomb",], LimitError)
    assert account.output_bytes < 11_000_000
    assert account.end_codes == ["limit-exceeded"]
    locked = make_7z([("bomb", bytes(12_000_000))], WORD)
    assert read_archive(locked, passwords=LIST, keep=False).output_bytes < 11_000_000
    many = make_7z([(str(n), b"x") for n in range(30)])
    account = read_archive(many, bounds=Bounds(archive_members_max=20))
    assert account.end_codes == ["limit-exceeded"]
    assert len(account.order) == 20


def test_the_key_is_the_published_one():
    # AES-256 key of 7z for "secret" with 2 ** 10 rounds, by its definition, plainly.
    import hashlib

    digest = hashlib.sha256()
    for n in range(1 << 10):
        digest.update("secret".encode("utf-16-le") + n.to_bytes(8, "little"))
    assert derive_key(b"secret", b"", 10, lambda: None) == digest.digest()


def test_refusals_say_why():
    account = read_archive(LOCKED, passwords=(b"x",))
    error = account.errors[b"a.txt",]
    assert isinstance(error, EncryptedError)
    assert "no password of the list" in error.message
