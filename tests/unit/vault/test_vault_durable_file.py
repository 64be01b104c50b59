"""Files that survive whole, and files that are gone; also where the disk is full."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from firstlight.errors import StoreError
from firstlight.vault.durable_file import destroy_file, replace_file, translated
from firstlight.vault.key_folder import KeyFolder
from firstlight.vault.secret import HomeSecret


def test_new_content_takes_the_place_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (b"one", b"", b"two" * 1000):
        replace_file(path, content, is_secret=True)
        assert path.read_bytes() == content
        assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("is_secret", [True, False])
def test_the_old_content_of_a_secret_is_overwritten(is_secret: bool, tmp_path: Path) -> None:
    path = tmp_path / "file"
    replace_file(path, b"old content", is_secret=True)
    os.link(path, tmp_path / "blocks")
    replace_file(path, b"new content", is_secret=is_secret)
    assert ((tmp_path / "blocks").read_bytes() != b"old content") == is_secret


def test_a_full_disk_leaves_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    replace_file(path, b"old", is_secret=True)

    def no_space(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(StoreError, match="No space left") as caught, translated("writing"):
        replace_file(path, b"new", is_secret=True)
    assert str(tmp_path) not in caught.value.message
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    replace_file(path, b"new", is_secret=True)
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_at_any_write_of_a_case_s_life_is_an_error_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_fsync, secret = os.fsync, HomeSecret.generate()
    for at in range(1, 40):
        folder, calls = tmp_path / str(at), []

        def fsync(descriptor: int, calls: list[int] = calls, at: int = at) -> None:
            calls.append(descriptor)
            if len(calls) == at:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            true_fsync(descriptor)

        monkeypatch.setattr(os, "fsync", fsync)
        has_failed = False
        keys = KeyFolder(folder, secret)
        for act in (keys.create, lambda k=keys: k.add_case(1), lambda k=keys: k.erase_case(1)):
            try:
                act()
            except StoreError:
                has_failed = True
                act()
        assert keys.erased_case_ids() == [1]
        keys.clear_unfinished()
        assert sorted(path.name for path in folder.iterdir()) == ["case-1.erased", "home.key"]
        if not has_failed:
            assert at > 8
            return
    raise AssertionError("no end")


def test_what_is_gone_can_be_destroyed(tmp_path: Path) -> None:
    destroy_file(tmp_path / "nothing")


def test_a_link_is_removed_and_what_it_names_is_left(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("precious")
    (tmp_path / "link").symlink_to("other")
    with translated("destroying"), pytest.raises(OSError, match="symbolic"):
        destroy_file(tmp_path / "link")
    assert (tmp_path / "other").read_text() == "precious"
