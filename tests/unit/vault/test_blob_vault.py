"""The blob vault: what is put in comes out, what is altered does not, what is removed is gone."""

from __future__ import annotations

import os
import stat
from hashlib import sha256
from pathlib import Path

import pytest

from firstlight.errors import CaseErasedError, SealBrokenError, StoreError
from firstlight.vault import blob_pack
from firstlight.vault.blob import Blob, BlobVault
from firstlight.vault.blob_folder import KEY_FILE
from firstlight.vault.key_folder import KeyFolder
from firstlight.vault.secret import HomeSecret
from firstlight.vault.stream import CHUNK_BYTES

SMALL = b"blurred plane"


def digest(content: bytes) -> bytes:
    return sha256(content).digest()


def pieces_of(content: bytes, size: int = 300_007) -> list[bytes]:
    return [content[at : at + size] for at in range(0, len(content), size)]


@pytest.fixture
def keys(tmp_path: Path) -> KeyFolder:
    folder = KeyFolder(tmp_path / "keys", HomeSecret.generate())
    folder.create()
    for case_id in (1, 2):
        folder.add_case(case_id)
    return folder


@pytest.fixture
def vault(tmp_path: Path, keys: KeyFolder) -> BlobVault:
    return BlobVault(tmp_path / "vault", keys)


def files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "vault").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 5]
)
def test_content_comes_out_as_it_went_in(vault: BlobVault, size: int) -> None:
    content = os.urandom(size)
    blob = vault.put(1, "original", digest(content), pieces_of(content))
    assert blob.size_bytes == size
    assert b"".join(vault.read(1, blob)) == content


def test_range_gives_the_same_bytes_as_the_whole(vault: BlobVault) -> None:
    content = os.urandom(3 * CHUNK_BYTES + 77)
    blob = vault.put(1, "original", digest(content), pieces_of(content))
    edges = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, len(content)]
    for begin in edges:
        for end in (*edges, len(content) + 50):
            assert vault.read_range(1, blob, begin, end) == content[begin:end]


def test_small_contents_share_a_pack(vault: BlobVault, tmp_path: Path) -> None:
    contents = [b"%d" % number * 300 for number in range(50)]
    blobs = [vault.put_small(1, "derivative", digest(c), c) for c in contents]
    vault.flush()
    assert [b"".join(vault.read(1, blob)) for blob in blobs] == contents
    assert sorted(path.name for path in files(tmp_path)) == ["000001.pack", KEY_FILE]


def test_new_pack_is_begun_when_one_is_full(
    vault: BlobVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blob_pack, "PACK_MAX_BYTES", 2000)
    contents = [os.urandom(900) for _ in range(7)]
    blobs = [vault.put_small(1, "derivative", digest(c), c) for c in contents]
    vault.flush()
    vault.give_up()
    more = vault.put_small(1, "derivative", digest(SMALL), SMALL)
    vault.flush()
    assert {blob.pack for blob in blobs} == {1, 2, 3}
    assert more.pack == 3
    assert [b"".join(vault.read(1, blob)) for blob in blobs] == contents


def test_bytes_that_a_crash_left_behind_do_no_harm(
    vault: BlobVault, keys: KeyFolder, tmp_path: Path
) -> None:
    first = vault.put_small(1, "derivative", digest(SMALL), SMALL)
    vault.flush()
    with (tmp_path / "vault" / "case-1" / "000001.pack").open("ab") as pack:
        pack.write(os.urandom(333))
    again = BlobVault(tmp_path / "vault", keys)
    second = again.put_small(1, "derivative", digest(b"other"), b"other")
    again.flush()
    assert b"".join(again.read(1, first)) == SMALL
    assert b"".join(again.read(1, second)) == b"other"


@pytest.mark.parametrize("left", [b"", b"FLB"])
def test_pack_that_was_cut_off_at_its_beginning_is_begun_again(
    vault: BlobVault, tmp_path: Path, left: bytes
) -> None:
    vault.put(1, "original", digest(SMALL), [SMALL])
    (tmp_path / "vault" / "case-1" / "000001.pack").write_bytes(left)
    blob = vault.put_small(1, "derivative", digest(SMALL), SMALL)
    vault.flush()
    assert b"".join(vault.read(1, blob)) == SMALL


def test_what_waits_is_not_there_before_the_flush(
    vault: BlobVault, keys: KeyFolder, tmp_path: Path
) -> None:
    blob = vault.put_small(1, "derivative", digest(SMALL), SMALL)
    with pytest.raises(SealBrokenError):
        BlobVault(tmp_path / "vault", keys).check(1, blob)
    vault.flush()
    BlobVault(tmp_path / "vault", keys).check(1, blob)


def test_every_altered_byte_is_noticed(vault: BlobVault, tmp_path: Path) -> None:
    content = b"forty bytes of a small content, sealed.."
    blob = vault.put(1, "original", digest(content), [content])
    (path,) = (path for path in files(tmp_path) if path.name == blob.blob_name.hex())
    whole = path.read_bytes()
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 1
        path.write_bytes(changed)
        with pytest.raises(SealBrokenError):
            vault.check(1, blob)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(SealBrokenError):
            vault.check(1, blob)


def test_chunks_cannot_be_swapped_dropped_or_cut(vault: BlobVault, tmp_path: Path) -> None:
    content = os.urandom(2 * CHUNK_BYTES + 9)
    blob = vault.put(1, "original", digest(content), pieces_of(content))
    (path,) = (path for path in files(tmp_path) if path.name == blob.blob_name.hex())
    whole = path.read_bytes()
    sealed_bytes = CHUNK_BYTES + 32
    head = whole[:8]
    one, two = whole[8 : 8 + sealed_bytes], whole[8 + sealed_bytes : 8 + 2 * sealed_bytes]
    last = whole[8 + 2 * sealed_bytes :]
    for parts in (
        (two, one, last),
        (one, last),
        (one, two),
        (two, last),
        (last,),
        (one, one, last),
    ):
        path.write_bytes(head + b"".join(parts))
        with pytest.raises(SealBrokenError):
            vault.check(1, blob)
    path.write_bytes(head + one + two + last)
    vault.check(1, blob)


def test_one_content_does_not_stand_for_another(vault: BlobVault) -> None:
    one = vault.put_small(1, "derivative", digest(b"one"), b"one")
    two = vault.put_small(1, "derivative", digest(b"two"), b"two")
    vault.flush()
    with pytest.raises(SealBrokenError):
        vault.check(1, Blob(one.blob_name, 3, two.pack, two.offset_bytes))
    with pytest.raises(SealBrokenError):
        vault.check(1, Blob(one.blob_name, 4, one.pack, one.offset_bytes))


def test_cases_cannot_read_each_other(vault: BlobVault, tmp_path: Path) -> None:
    mine = vault.put_small(1, "derivative", digest(SMALL), SMALL)
    other = vault.put_small(2, "derivative", digest(SMALL), SMALL)
    vault.flush()
    assert mine.blob_name != other.blob_name
    pack = tmp_path / "vault" / "case-1" / "000001.pack"
    (tmp_path / "vault" / "case-2" / "000001.pack").write_bytes(pack.read_bytes())
    with pytest.raises(SealBrokenError):
        vault.check(2, mine)


def test_nothing_on_the_disk_tells_what_is_kept(vault: BlobVault, tmp_path: Path) -> None:
    content = b"canary word " * 100
    vault.put(1, "original", digest(content), [content])
    vault.put_small(1, "derivative", digest(content), content)
    vault.flush()
    for path in files(tmp_path):
        held = path.read_bytes()
        assert b"canary" not in held
        assert digest(content) not in held
        assert digest(content).hex() not in str(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_removed_case_is_gone_and_others_stay(vault: BlobVault, tmp_path: Path) -> None:
    gone = vault.put(1, "original", digest(SMALL), [SMALL])
    vault.put_small(1, "derivative", digest(SMALL), SMALL)
    stays = vault.put(2, "original", digest(SMALL), [SMALL])
    vault.flush()
    assert vault.cases() == [1, 2]
    assert vault.remove_case(1) == 2
    assert vault.remove_case(1) == 0
    assert vault.cases() == [2]
    assert not vault.has(1, gone)
    with pytest.raises(SealBrokenError):
        vault.check(1, gone)
    vault.check(2, stays)
    assert {path.name for path in (tmp_path / "vault").iterdir()} == {"case-2"}


def test_removal_that_was_cut_off_is_finished_by_a_sweep(
    vault: BlobVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = vault.put(1, "original", digest(SMALL), [SMALL])
    stays = vault.put(2, "original", digest(SMALL), [SMALL])

    def stop(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("firstlight.vault.blob.remove_tree", stop)
        with pytest.raises(KeyboardInterrupt):
            vault.remove_case(1)
    assert not vault.has(1, blob)
    (tmp_path / "vault" / "case-3").mkdir()
    (tmp_path / "vault" / "case-3" / "000001.pack").write_bytes(b"left without its key")
    assert vault.sweep() == 2
    assert {path.name for path in (tmp_path / "vault").iterdir()} == {"case-2"}
    vault.check(2, stays)


def test_unfinished_file_is_swept_away(vault: BlobVault, tmp_path: Path) -> None:
    writer = vault.begin(1, "original", digest(SMALL))
    writer.write(SMALL)
    assert any(path.suffix == ".part" for path in files(tmp_path))
    assert vault.sweep() == 1
    writer.abort()
    assert [path.name for path in files(tmp_path)] == [KEY_FILE]


def test_failing_source_leaves_nothing(vault: BlobVault, tmp_path: Path) -> None:
    def failing() -> list[bytes]:
        raise ValueError("the source gave up")

    with pytest.raises(ValueError, match="gave up"):
        vault.put(1, "original", digest(SMALL), (p for _ in [0] for p in failing()))
    assert [path.name for path in files(tmp_path)] == [KEY_FILE]


def test_erased_case_takes_nothing_and_gives_nothing(
    vault: BlobVault, keys: KeyFolder, tmp_path: Path
) -> None:
    blob = vault.put(1, "original", digest(SMALL), [SMALL])
    keys.erase_case(1)
    later = BlobVault(tmp_path / "vault", keys)
    with pytest.raises(CaseErasedError):
        later.check(1, blob)
    with pytest.raises(CaseErasedError):
        later.put(1, "original", digest(SMALL), [SMALL])


def test_full_disk_is_a_clear_error_and_the_next_write_goes_on(
    vault: BlobVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = vault.put_small(1, "derivative", digest(SMALL), SMALL)
    vault.flush()
    vault.put_small(1, "derivative", digest(b"lost"), b"lost")

    def full(file: object, content: bytes) -> None:
        file.write(content[:5])  # type: ignore[attr-defined]
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(blob_pack, "write_whole", full)
        with pytest.raises(StoreError):
            vault.flush()
    second = vault.put_small(1, "derivative", digest(b"after"), b"after")
    vault.flush()
    assert b"".join(vault.read(1, first)) == SMALL
    assert b"".join(vault.read(1, second)) == b"after"


def test_link_in_place_of_a_pack_is_refused(vault: BlobVault, tmp_path: Path) -> None:
    vault.put(1, "original", digest(SMALL), [SMALL])
    target = tmp_path / "elsewhere"
    target.touch()
    (tmp_path / "vault" / "case-1" / "000001.pack").symlink_to(target)
    vault.put_small(1, "derivative", digest(SMALL), SMALL)
    with pytest.raises(StoreError):
        vault.flush()
    assert target.read_bytes() == b""
