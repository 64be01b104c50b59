"""A backup is as it was written, or it is refused; nothing of it lands outside its place."""

from __future__ import annotations

import io
import json
import random
import tarfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import pytest

from firstlight.errors import BackupDamagedError, KeyWrongError
from firstlight.vault import backup_file
from firstlight.vault.backup_file import (
    MANIFEST,
    BackupWriter,
    new_header,
    read_backup,
    read_header,
)
from firstlight.vault.secret import HomeSecret

SECRET = HomeSecret.generate()
FILES = {
    "store.sqlite": bytes(range(256)) * 5000,
    "keys/home.key": b"wrapped",
    "vault/case-1/ab/empty": b"",
}
REFUSED = (BackupDamagedError, KeyWrongError)


def header(sealed_secret: bytes | None = b"sealed"):
    return new_header(SECRET, b'{"form": 1}', sealed_secret, "2026-01-01T00:00:00Z", "test")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("home")
    file = io.BytesIO()
    writer = BackupWriter(file, header(), SECRET)
    for name, content in FILES.items():
        path = folder / name.replace("/", "-")
        path.write_bytes(content)
        writer.add(name, path)
    writer.finish()
    return file.getvalue()


def take(
    content: bytes,
    keep: Callable[[str], BinaryIO | None] = lambda _: None,
    secret: HomeSecret = SECRET,
):
    file = io.BytesIO(content)
    found, name = read_header(file)
    return read_backup(file, found, name, secret, keep)


def test_what_is_read_is_what_was_written(whole: bytes, tmp_path: Path):
    counted: list[int] = []
    file = io.BytesIO(whole)
    found, name = read_header(file)
    assert (found.secret_id, found.sealed_secret) == (SECRET.secret_id, b"sealed")

    def keep(name: str) -> BinaryIO:
        return open(tmp_path / name.replace("/", "-"), "wb")

    stated = read_backup(file, found, name, SECRET, keep, counted.append)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        name.replace("/", "-"): content for name, content in FILES.items()
    }
    assert stated == {
        name: [len(content), sha256(content).hexdigest()] for name, content in FILES.items()
    }
    assert sum(counted) == sum(map(len, FILES.values()))


@pytest.mark.parametrize("blocks", range(21))
def test_a_backup_of_any_length_reads_back(blocks: int, tmp_path: Path):
    # A tar ends with two blocks of zeros, and these may lie in two records.
    path = tmp_path / "file"
    path.write_bytes(bytes(blocks * tarfile.BLOCKSIZE))
    file = io.BytesIO()
    writer = BackupWriter(file, header(), SECRET)
    writer.add("file", path)
    writer.finish()
    assert take(file.getvalue())["file"][0] == blocks * tarfile.BLOCKSIZE


def positions(size_bytes: int, header_bytes: int) -> list[int]:
    draw = random.Random(7)
    return [
        *range(0, header_bytes, 7),
        *range(header_bytes, header_bytes + 40, 3),
        *(draw.randrange(size_bytes) for _ in range(30)),
        *range(size_bytes - 40, size_bytes, 3),
    ]


def test_an_altered_byte_is_seen_wherever_it_is(whole: bytes):
    header_bytes = 12 + int.from_bytes(whole[8:12], "big")
    for position in positions(len(whole), header_bytes):
        altered = bytearray(whole)
        altered[position] ^= 1 << position % 8
        with pytest.raises(REFUSED):
            take(bytes(altered))


def test_a_cut_is_seen_wherever_it_is(whole: bytes):
    draw = random.Random(8)
    for end in [*range(0, 800, 13), *(draw.randrange(len(whole)) for _ in range(40)), -1]:
        with pytest.raises(BackupDamagedError):
            take(whole[:end])


@pytest.mark.parametrize("more", [b"\0", b"more", bytes(5000)])
def test_appended_bytes_are_seen(whole: bytes, more: bytes):
    with pytest.raises(BackupDamagedError):
        take(whole + more)
    with pytest.raises(BackupDamagedError):
        take(whole + whole)


def test_exchanged_chunks_are_seen(whole: bytes):
    start = 12 + int.from_bytes(whole[8:12], "big")
    size = (1 << 20) + 32
    assert len(whole) > start + size
    with pytest.raises(BackupDamagedError):
        take(whole[:start] + whole[start + size :] + whole[start : start + size])
    with pytest.raises(BackupDamagedError):
        take(whole[:start] + whole[start + size :])


def test_another_home_s_key_does_not_open_it(whole: bytes):
    with pytest.raises(KeyWrongError):
        take(whole, secret=HomeSecret.generate())


def test_the_key_opens_it_as_long_as_a_rotation_is_not_complete(whole: bytes):
    rotated = SECRET.rotated(is_signing_renewed=False)
    assert set(take(whole, secret=rotated)) == set(FILES)
    with pytest.raises(KeyWrongError):
        take(whole, secret=rotated.settled())


def test_a_header_of_another_backup_does_not_fit(whole: bytes):
    end = 12 + int.from_bytes(whole[8:12], "big")
    other = io.BytesIO()
    BackupWriter(other, header(), SECRET).finish()
    other_end = 12 + int.from_bytes(other.getvalue()[8:12], "big")
    with pytest.raises(BackupDamagedError):
        take(other.getvalue()[:other_end] + whole[end:])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"FLBACKUP",
        b"FLBACKUP\xff\xff\xff\xff",
        b"FLBACKUP\0\0\0\x02[]",
        b"FLBACKUP\0\0\0\x04null",
        b"FLBACKUP\0\x01\x00\x00" + b"[" * 0x10000,
        b"SQLite format 3\0" + bytes(500),
    ],
)
def test_what_is_no_backup_is_refused(content: bytes):
    with pytest.raises(BackupDamagedError):
        read_header(io.BytesIO(content))


def test_a_newer_form_is_refused(whole: bytes):
    with pytest.raises(BackupDamagedError, match="newer"):
        read_header(io.BytesIO(whole.replace(b"firstlight-backup-1", b"firstlight-backup-2")))


def crafted(*members: tarfile.TarInfo, manifest: object = None, **stated: object) -> bytes:
    """A backup sealed by somebody who holds the key, with members that no backup has."""
    file = io.BytesIO()
    writer = BackupWriter(file, header(), SECRET)
    for info in members:
        info.size = 4 if info.isreg() else 0
        writer._tar.addfile(info, io.BytesIO(b"evil"))
    writer._files = stated or {
        info.name: [4, sha256(b"evil").hexdigest()] for info in members if info.isreg()
    }
    if manifest is not None:
        text = json.dumps(manifest).encode()
        info = tarfile.TarInfo(MANIFEST)
        info.size = len(text)
        writer._tar.addfile(info, io.BytesIO(text))
        writer._tar.close()
        writer._sealed.finish()
    else:
        writer.finish()
    return file.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    "name", ["../evil", "/tmp/evil", "a/../../evil", "a//evil", "./evil", "..", "a/.", "/"]
)
def test_a_name_that_leads_elsewhere_is_refused(name: str):
    opened: list[str] = []

    def keep(name: str) -> BinaryIO | None:
        opened.append(name)
        return None

    with pytest.raises(BackupDamagedError):
        take(crafted(member(name)), keep)
    assert opened == []


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.FIFOTYPE,
        tarfile.DIRTYPE,
        tarfile.CONTTYPE,
    ],
)
def test_what_is_no_file_is_refused(kind: bytes):
    with pytest.raises(BackupDamagedError):
        take(crafted(member("keys/home.key", kind, "/etc/passwd")))


def test_a_file_with_gaps_is_refused():
    info = member("store.sqlite")
    info.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.realsize": str(1 << 40),
        "GNU.sparse.name": "store.sqlite",
    }
    with pytest.raises(BackupDamagedError):
        take(crafted(info))


def test_a_link_in_the_way_of_a_file_is_not_followed(tmp_path: Path):
    # What restore writes with: no link is followed, also where one was there before.
    from firstlight.app.backup import _keeper

    (tmp_path / "outside").write_bytes(b"as it was")
    place = tmp_path / "place"
    place.mkdir()
    (place / "store.sqlite").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError, match="symbolic"):
        take(crafted(member("store.sqlite")), _keeper(place))
    assert (tmp_path / "outside").read_bytes() == b"as it was"


def test_a_member_that_comes_twice_is_refused():
    with pytest.raises(BackupDamagedError):
        take(crafted(member("keys/home.key"), member("keys/home.key")))


@pytest.mark.parametrize(
    "manifest",
    [{}, [], {"files": []}, {"files": {}}, {"files": {"a": [4]}}, {"files": {"b": [4, "x"]}}, 5],
)
def test_a_manifest_that_does_not_fit_is_refused(manifest: object):
    with pytest.raises(BackupDamagedError):
        take(crafted(member("a"), manifest=manifest))


def test_a_file_that_the_manifest_lacks_is_refused():
    with pytest.raises(BackupDamagedError):
        take(crafted(member("a"), b=[4, sha256(b"evil").hexdigest()]))


def test_a_file_cut_short_while_it_is_added_is_no_backup(tmp_path: Path):
    path = tmp_path / "shrinking"
    path.write_bytes(bytes(100))
    writer = BackupWriter(io.BytesIO(), header(), SECRET)

    def shrink(_: int) -> None:
        path.write_bytes(b"")

    big = tmp_path / "big"
    big.write_bytes(bytes(1 << 20))
    with pytest.raises(OSError, match="unexpected end"):
        writer.add("big", big, lambda _: big.write_bytes(b""))


def test_a_file_that_grows_is_taken_as_it_was(tmp_path: Path):
    path = tmp_path / "growing"
    path.write_bytes(bytes(100_000))
    file = io.BytesIO()
    writer = BackupWriter(file, header(None), SECRET)

    def grow(_: int) -> None:
        with path.open("ab") as more:
            more.write(bytes(50_000))

    writer.add("growing", path, grow)
    writer.finish()
    assert take(file.getvalue())["growing"][0] == 100_000


def test_the_header_s_wrapped_key_is_bound(whole: bytes):
    found, _ = read_header(io.BytesIO(whole))
    with pytest.raises(BackupDamagedError):
        replace(found, wrapped_key=found.wrapped_key[:-1] + b"\0").unwrapped(SECRET)
    with pytest.raises(BackupDamagedError):
        replace(found, wrapped_key=b"").unwrapped(SECRET)


def test_nothing_of_the_content_is_readable(whole: bytes):
    for word in (b"store.sqlite", b"home.key", b"vault", b"case-1", FILES["store.sqlite"][:32]):
        assert word not in whole
    assert backup_file.FORM.encode() in whole
