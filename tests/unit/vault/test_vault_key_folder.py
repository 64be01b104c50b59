"""The key folder: sealing, erasing, rotating, and a kill at every step of each."""

from __future__ import annotations

import hmac
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from firstlight.errors import (
    CaseErasedError,
    KeyMissingError,
    KeyWrongError,
    SealBrokenError,
    StoreError,
)
from firstlight.model.ports import Sealer
from firstlight.vault.key_folder import KeyFolder
from firstlight.vault.secret import HomeSecret

SECRET = HomeSecret.generate()


class KilledError(Exception):
    """The process ends here."""


def killer(at: int) -> tuple[Callable[[str], None], list[str]]:
    passed: list[str] = []

    def step(name: str) -> None:
        passed.append(name)
        if len(passed) == at:
            raise KilledError(name)

    return step, passed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keys = KeyFolder(tmp_path / "keys", SECRET)
    keys.create()
    keys.add_case(1)
    keys.add_case(2)
    return tmp_path / "keys"


def test_it_opens_what_it_sealed_and_nothing_else(folder: Path) -> None:
    keys: Sealer = KeyFolder(folder, SECRET)
    for case_id in (None, 1, 2):
        sealed = keys.seal(case_id, b"media:7", b"plain")
        assert sealed[:1] == b"\x01"
        assert len(sealed) == 1 + 12 + 5 + 16
        assert KeyFolder(folder, SECRET).open(case_id, b"media:7", sealed) == b"plain"
        assert keys.seal(case_id, b"media:7", b"plain") != sealed
        for other in {None, 1, 2} - {case_id}:
            with pytest.raises(SealBrokenError):
                keys.open(other, b"media:7", sealed)
        with pytest.raises(SealBrokenError):
            keys.open(case_id, b"media:8", sealed)


def test_every_altered_byte_of_a_seal_is_noticed(folder: Path) -> None:
    keys = KeyFolder(folder, SECRET)
    sealed = keys.seal(1, b"c", b"abc")
    for index in range(len(sealed)):
        altered = bytearray(sealed)
        altered[index] ^= 0x10
        with pytest.raises(SealBrokenError):
            keys.open(1, b"c", bytes(altered))
    for length in range(len(sealed)):
        with pytest.raises(SealBrokenError):
            keys.open(1, b"c", sealed[:length])


def test_keyed_hashes_differ_by_key_use_and_value(folder: Path) -> None:
    keys = KeyFolder(folder, SECRET)
    seen = {keys.mac(c, u, v) for c in (None, 1, 2) for u in ("a", "b") for v in (b"", b"v")}
    assert len(seen) == 12
    again = KeyFolder(folder, SECRET).mac(1, "a", b"v")
    assert hmac.compare_digest(keys.mac(1, "a", b"v"), again)
    assert len(again) == 32


def test_another_home_s_key_is_a_clear_error(folder: Path) -> None:
    keys = KeyFolder(folder, HomeSecret.generate())
    for call in (keys.check, keys.create, lambda: keys.seal(1, b"", b"x")):
        with pytest.raises(KeyWrongError):
            call()


def test_every_altered_byte_of_a_key_file_is_noticed(folder: Path) -> None:
    path = folder / "case-1.key"
    whole = path.read_bytes()
    for index in range(len(whole)):
        altered = bytearray(whole)
        altered[index] ^= 0x01
        path.write_bytes(altered)
        with pytest.raises((SealBrokenError, KeyWrongError)):
            KeyFolder(folder, SECRET).seal(1, b"", b"x")
    for content in (b"", whole[:-1], whole + b"x", bytes(100_000)):
        path.write_bytes(content)
        with pytest.raises((SealBrokenError, KeyMissingError)):
            KeyFolder(folder, SECRET).seal(1, b"", b"x")


def test_swapped_key_files_are_noticed(folder: Path) -> None:
    shutil.copy(folder / "case-1.key", folder / "case-2.key")
    with pytest.raises(SealBrokenError):
        KeyFolder(folder, SECRET).seal(2, b"", b"x")
    shutil.copy(folder / "case-1.key", folder / "home.key")
    with pytest.raises(SealBrokenError):
        KeyFolder(folder, SECRET).check()


def test_a_pipe_in_the_place_of_a_key_does_not_hang(folder: Path) -> None:
    (folder / "case-1.key").unlink()
    os.mkfifo(folder / "case-1.key")
    with pytest.raises(KeyMissingError):
        KeyFolder(folder, SECRET).seal(1, b"", b"x")


def test_a_missing_key_is_not_an_erased_one(folder: Path) -> None:
    with pytest.raises(KeyMissingError):
        KeyFolder(folder, SECRET).seal(9, b"", b"x")
    (folder / "home.key").unlink()
    with pytest.raises(KeyMissingError):
        KeyFolder(folder, SECRET).check()


def test_making_twice_changes_nothing(folder: Path) -> None:
    keys = KeyFolder(folder, SECRET)
    sealed = keys.seal(None, b"", b"x"), keys.seal(1, b"", b"y")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    keys.create()
    keys.add_case(1)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert (keys.open(None, b"", sealed[0]), keys.open(1, b"", sealed[1])) == (b"x", b"y")


def test_files_and_folder_are_for_the_owner_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        keys = KeyFolder(tmp_path / "keys", SECRET)
        keys.create()
        keys.add_case(1)
        keys.erase_case(2)
    finally:
        os.umask(old)
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()} == {0o600}


def test_an_erased_case_stays_erased(folder: Path) -> None:
    keys = KeyFolder(folder, SECRET)
    sealed = keys.seal(1, b"", b"x")
    other = keys.seal(2, b"", b"y")
    assert keys.has_case(1)
    key_bytes = (folder / "case-1.key").read_bytes()
    keys.erase_case(1)
    keys.erase_case(1)
    assert not keys.has_case(1)
    assert (keys.case_ids(), keys.erased_case_ids()) == ([2], [1])
    for again in (keys, KeyFolder(folder, SECRET)):
        calls: list[Callable[[], object]] = [
            lambda again=again: again.open(1, b"", sealed),
            lambda again=again: again.seal(1, b"", b"x"),
            lambda again=again: again.mac(1, "u", b"x"),
            lambda again=again: again.add_case(1),
        ]
        for call in calls:
            with pytest.raises(CaseErasedError):
                call()
        assert again.open(2, b"", other) == b"y"
    assert all(key_bytes[24:] not in path.read_bytes() for path in folder.iterdir())


def test_the_bytes_on_the_disk_are_overwritten(folder: Path, tmp_path: Path) -> None:
    # A second name of the same file shows what becomes of its blocks.
    os.link(folder / "case-1.key", tmp_path / "blocks")
    before = (tmp_path / "blocks").read_bytes()
    step, passed = killer(3)
    with pytest.raises(KilledError):
        KeyFolder(folder, SECRET, step).erase_case(1)
    assert passed[-1] == "case-1.key:overwritten"
    after = (tmp_path / "blocks").read_bytes()
    assert len(after) == len(before)
    assert sum(a == b for a, b in zip(before, after, strict=True)) < len(before) // 2


def test_another_process_s_erasure_is_seen(folder: Path) -> None:
    here = KeyFolder(folder, SECRET)
    here.seal(1, b"", b"x")
    KeyFolder(folder, SECRET).erase_case(1)
    assert not here.has_case(1)
    with pytest.raises(CaseErasedError):
        here.seal(1, b"", b"x")


def test_an_erasure_killed_at_every_step_is_an_erasure(folder: Path, tmp_path: Path) -> None:
    sealed = KeyFolder(folder, SECRET).seal(1, b"", b"x")
    kills = 0
    for at in range(1, 50):
        copy = tmp_path / f"at-{at}"
        shutil.copytree(folder, copy)
        step, _ = killer(at)
        try:
            KeyFolder(copy, SECRET, step).erase_case(1)
        except KilledError as error:
            kills += 1
            # Before the marker stands nothing was destroyed; from then on nothing opens.
            if str(error) == "case-1.erased:written":
                assert KeyFolder(copy, SECRET).open(1, b"", sealed) == b"x"
                KeyFolder(copy, SECRET).erase_case(1)
            again = KeyFolder(copy, SECRET)
            if not again.is_erased_wholly(1):
                again.erase_case(1)
            again.clear_unfinished()
        with pytest.raises(CaseErasedError):
            KeyFolder(copy, SECRET).open(1, b"", sealed)
        assert sorted(path.name for path in copy.iterdir()) == [
            "case-1.erased",
            "case-2.key",
            "home.key",
        ]
        if kills < at:
            break
    assert kills == 4


def test_a_marker_alone_destroys_nothing(folder: Path) -> None:
    sealed = KeyFolder(folder, SECRET).seal(1, b"", b"x")
    (folder / "case-1.erased").touch()
    KeyFolder(folder, SECRET).clear_unfinished()
    KeyFolder(folder, SECRET).finish_rotation()
    assert not KeyFolder(folder, SECRET).is_erased_wholly(1)
    (folder / "case-1.erased").unlink()
    assert KeyFolder(folder, SECRET).open(1, b"", sealed) == b"x"


def test_rotation_leaves_nothing_under_the_old_master(folder: Path) -> None:
    keys = KeyFolder(folder, SECRET)
    sealed = {case_id: keys.seal(case_id, b"", b"x") for case_id in (None, 1, 2)}
    hashed = keys.mac(1, "u", b"v")
    new = SECRET.rotated()
    during = KeyFolder(folder, new)
    assert during.wrapped_with_old() == ["home.key", "case-1.key", "case-2.key"]
    assert during.open(1, b"", sealed[1]) == b"x"
    assert during.rewrap() == 3
    assert during.wrapped_with_old() == []
    after = KeyFolder(folder, new.settled())
    assert all(after.open(case_id, b"", one) == b"x" for case_id, one in sealed.items())
    assert after.mac(1, "u", b"v") == hashed
    with pytest.raises(KeyWrongError):
        KeyFolder(folder, SECRET).check()


def test_a_rotation_killed_at_every_step_is_finished(folder: Path, tmp_path: Path) -> None:
    KeyFolder(folder, SECRET).erase_case(2)
    sealed = KeyFolder(folder, SECRET).seal(1, b"", b"x")
    new = SECRET.rotated()
    kills = 0
    for at in range(1, 50):
        copy = tmp_path / f"at-{at}"
        shutil.copytree(folder, copy)
        step, _ = killer(at)
        try:
            KeyFolder(copy, new, step).rewrap()
        except KilledError:
            kills += 1
        saved: list[HomeSecret] = []
        keys = KeyFolder(copy, new)
        assert keys.open(1, b"", sealed) == b"x"
        assert keys.finish_rotation(saved.append) == new.settled()
        assert saved == [new.settled()]
        assert KeyFolder(copy, new.settled()).open(1, b"", sealed) == b"x"
        assert not list(copy.glob("*.new"))
        assert keys.finish_rotation(saved.append) == new.settled()
        assert len(saved) == 1
        if kills < at:
            break
    assert kills == 4


def test_what_a_killed_rotation_left_is_destroyed_with_the_case(folder: Path) -> None:
    def step(name: str) -> None:
        if name == "case-1.key:written":
            raise KilledError

    with pytest.raises(KilledError):
        KeyFolder(folder, SECRET.rotated(), step).rewrap()
    assert (folder / "case-1.key.new").exists()
    KeyFolder(folder, SECRET).erase_case(1)
    assert not (folder / "case-1.key.new").exists()


def test_a_full_or_missing_folder_is_a_clear_error(tmp_path: Path) -> None:
    keys = KeyFolder(tmp_path / "gone" / "keys", SECRET)
    for call in (keys.create, lambda: keys.add_case(1), keys.case_ids):
        with pytest.raises(StoreError) as caught:
            call()
        assert str(tmp_path) not in caught.value.message


def test_no_key_stands_in_the_folder_in_the_clear(folder: Path) -> None:
    keys = KeyFolder(folder, SECRET)
    roots = [keys._unwrap(name) for name in ("home.key", "case-1.key")]
    content = b"".join(path.read_bytes() for path in folder.iterdir())
    for key in (SECRET.master, SECRET.signing_seed, *roots):
        assert key not in content
        assert key.hex().encode() not in content
        assert key.hex() not in repr(keys) + repr(vars(keys))
