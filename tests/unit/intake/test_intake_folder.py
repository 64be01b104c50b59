"""The walk through folders: everything once, in one order, nothing followed, nothing lost."""

from __future__ import annotations

import os
import socket

import pytest

from firstlight.errors import UnknownNameError
from firstlight.intake import folder
from firstlight.intake.folder import FoundFile, Skipped, walk
from firstlight.model.media import Outcome


def see(root: bytes) -> tuple[list[FoundFile], list[Skipped]]:
    skipped: list[Skipped] = []
    return list(walk(root, on_skip=skipped.append)), skipped


def put(path: bytes, content: bytes = b"x") -> bytes:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    return path


@pytest.fixture
def root(tmp_path):
    return os.fsencode(os.path.realpath(tmp_path))


def test_order_is_by_name_bytes_and_depth_first(root):
    for name in (b"b.jpg", b"a/z.jpg", b"a/c/d.jpg", b"a.jpg", b"\xff.jpg", b"B.jpg", b"a/-x"):
        put(root + b"/" + name)
    found, skipped = see(root)
    names = [item.path[len(root) + 1 :] for item in found]
    assert names == [b"B.jpg", b"a/-x", b"a/c/d.jpg", b"a/z.jpg", b"a.jpg", b"b.jpg", b"\xff.jpg"]
    assert skipped == []


def test_facts_are_those_of_the_file_system(root):
    path = put(root + b"/a", b"12345")
    os.utime(path, ns=(1, 1_600_000_000_123_456_789))
    found, _ = see(root)
    status = os.lstat(path)
    facts = found[0].facts
    assert (facts.size_bytes, facts.mtime_ns) == (5, 1_600_000_000_123_456_789)
    assert (facts.inode, facts.device) == (status.st_ino, status.st_dev)
    assert facts.ctime_ns == status.st_ctime_ns


def test_links_and_special_files_are_skipped_and_listed(root):
    put(root + b"/real/a")
    os.symlink(root + b"/real/a", root + b"/link")
    os.symlink(root, root + b"/real/loop")
    os.symlink(b"nowhere", root + b"/dangling")
    os.mkfifo(root + b"/pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(root + b"/socket")
        found, skipped = see(root)
    assert [item.path for item in found] == [root + b"/real/a"]
    reasons = {item.path[len(root) + 1 :]: item.failure.reason for item in skipped}
    assert set(reasons) == {b"link", b"real/loop", b"dangling", b"pipe", b"socket"}
    assert "symbolic link" in reasons[b"link"]
    assert reasons[b"pipe"] == "special file: pipe"
    assert {item.outcome for item in skipped} == {Outcome.SKIPPED}
    assert {item.failure.code for item in skipped} == {"not-opened"}


def test_a_single_file_is_its_own_source(root):
    path = put(root + b"/only.jpg")
    found, skipped = see(path)
    assert [item.path for item in found] == [path]
    assert skipped == []


def test_a_link_given_by_a_person_is_resolved(root):
    path = put(root + b"/real/a")
    os.symlink(root + b"/real", root + b"/given")
    found, _ = see(root + b"/given")
    assert [item.path for item in found] == [path]


def test_a_relative_path_becomes_absolute(root, monkeypatch):
    path = put(root + b"/real/a")
    monkeypatch.chdir(os.fsdecode(root))
    assert [item.path for item in see(b"real")[0]] == [path]


def test_nothing_there_is_the_users_error(root):
    with pytest.raises(UnknownNameError) as caught:
        see(root + b"/absent")
    assert "absent" not in caught.value.message


def test_a_file_that_vanishes_is_a_listed_failure(root):
    put(root + b"/a")
    put(root + b"/b")
    skipped: list[Skipped] = []
    seen = []
    for item in walk(root, on_skip=skipped.append):
        seen.append(item.path)
        if len(seen) == 1:
            os.unlink(root + b"/b")
    assert seen == [root + b"/a"]
    assert [(item.path, item.outcome) for item in skipped] == [(root + b"/b", Outcome.FAILED)]
    assert skipped[0].facts is None
    assert skipped[0].failure.retryable


def test_an_unreadable_folder_is_a_listed_failure(root, monkeypatch):
    put(root + b"/a/b")
    put(root + b"/c")
    genuine = os.open

    def refuse(path, *args, **kwargs):
        if path == root + b"/a":
            raise PermissionError(13, "Permission denied")
        return genuine(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", refuse)
    found, skipped = see(root)
    assert [item.path for item in found] == [root + b"/c"]
    assert [item.outcome for item in skipped] == [Outcome.FAILED]
    assert "permission denied" in skipped[0].failure.reason


def test_the_walk_is_lazy_and_holds_little(root, monkeypatch):
    for number in range(300):
        put(root + b"/%03d" % number)
    looked_at = []
    genuine = folder.read_status
    monkeypatch.setattr(folder, "read_status", lambda path: looked_at.append(path) or genuine(path))
    walking = walk(root, on_skip=lambda _: None)
    next(walking)
    assert len(looked_at) == 2
    walking.close()


def test_depth_beyond_what_a_path_may_hold(root):
    here = os.open(root, os.O_RDONLY)
    name = b"d" * 200
    depth = 60
    try:
        for _ in range(depth):
            os.mkdir(name, dir_fd=here)
            below = os.open(name, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        os.close(os.open(b"leaf", os.O_CREAT | os.O_WRONLY, dir_fd=here))
        found, skipped = see(root)
        assert skipped == []
        assert [item.path for item in found] == [root + (b"/" + name) * depth + b"/leaf"]
    finally:
        os.close(here)


def test_many_levels_need_no_recursion(root):
    here = os.open(root, os.O_RDONLY)
    depth = 1200
    try:
        for _ in range(depth):
            os.mkdir(b"d", dir_fd=here)
            below = os.open(b"d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        os.close(os.open(b"leaf", os.O_CREAT | os.O_WRONLY, dir_fd=here))
        found, skipped = see(root)
        assert (len(found), skipped) == (1, [])
        _remove_chain(root, depth)
    finally:
        os.close(here)


def _remove_chain(root: bytes, depth: int) -> None:
    # Emptied from the top, a level at a time: pytest's own cleaning recurses.
    handles = [os.open(root, os.O_RDONLY)]
    for _ in range(100):
        handles.append(os.open(b"d", os.O_RDONLY, dir_fd=handles[-1]))
    for handle in handles:
        os.close(handle)
    os.system(f"rm -rf '{os.fsdecode(root)}/d'")
