"""Opening a source's file: only a regular one, only the one that was listed, without a trace."""

from __future__ import annotations

import os

import pytest

from firstlight.errors import UnreadableError
from firstlight.intake import source_file
from firstlight.intake.source_file import explain_os_error, facts_of, open_for_reading


@pytest.fixture
def path(tmp_path):
    path = os.fsencode(os.path.realpath(tmp_path)) + b"/a\xff.jpg"
    with open(path, "wb") as file:
        file.write(b"content")
    return path


def test_reads_and_cannot_write(path):
    descriptor = open_for_reading(path, expected=facts_of(os.lstat(path)))
    try:
        assert os.read(descriptor, 100) == b"content"
        assert not os.get_inheritable(descriptor)
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.write(descriptor, b"x")
    finally:
        os.close(descriptor)


def test_the_time_of_last_access_stays(path):
    os.utime(path, ns=(1_000_000_000, 1_600_000_000_000_000_000))
    descriptor = open_for_reading(path)
    os.read(descriptor, 100)
    os.close(descriptor)
    assert os.lstat(path).st_atime_ns == 1_000_000_000


def test_without_the_right_to_leave_no_trace_it_still_reads(path, monkeypatch):
    genuine = os.open

    def refuse(target, flags, *args, **kwargs):
        if flags & os.O_NOATIME:
            raise PermissionError(1, "Operation not permitted")
        return genuine(target, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", refuse)
    os.close(open_for_reading(path))


def test_a_link_is_refused(path):
    os.symlink(path, path + b".link")
    with pytest.raises(UnreadableError, match="symbolic link"):
        open_for_reading(path + b".link")


def test_a_pipe_is_refused_at_once(path):
    os.mkfifo(path + b".pipe")
    with pytest.raises(UnreadableError, match="not a regular file"):
        open_for_reading(path + b".pipe")


def test_a_folder_is_refused(path):
    with pytest.raises(UnreadableError, match="not a regular file"):
        open_for_reading(os.path.dirname(path))


@pytest.mark.parametrize("bad", [b"/nowhere/at/all", b"/tmp/\x00", b"/" + b"x" * 300])
def test_what_cannot_be_opened_is_our_error_without_a_name(bad):
    with pytest.raises(UnreadableError) as caught:
        open_for_reading(bad)
    assert caught.value.retryable
    assert "nowhere" not in caught.value.message
    assert "xxx" not in caught.value.message


def test_another_state_of_the_file_is_refused(path):
    listed = facts_of(os.lstat(path))
    with open(path, "ab") as file:
        file.write(b"more")
    with pytest.raises(UnreadableError, match="changed after it was listed"):
        open_for_reading(path, expected=listed)


def test_no_descriptor_is_left_open_by_a_refusal(path):
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with pytest.raises(UnreadableError):
            open_for_reading(os.path.dirname(path))
    assert len(os.listdir("/proc/self/fd")) == before


def test_reasons_name_no_path():
    error = explain_os_error(OSError(5, "Input/output error", "/secret/name"))
    assert "secret" not in error.message
    assert "medium" in error.message
    assert "unknown" in explain_os_error(OSError()).message


def test_a_path_longer_than_one_call_takes(path, monkeypatch):
    monkeypatch.setattr(source_file, "_PATH_PIECE_BYTES", 8)
    deep = os.path.dirname(path) + b"/dir1/dir2/dir3"
    os.makedirs(deep)
    with open(deep + b"/leaf", "wb") as file:
        file.write(b"deep")
    monkeypatch.setattr(source_file, "_PATH_PIECE_BYTES", max(map(len, deep.split(b"/"))) + 2)
    descriptor = open_for_reading(deep + b"/leaf")
    assert os.read(descriptor, 10) == b"deep"
    os.close(descriptor)
    assert source_file.read_status(deep + b"/leaf").st_size == 4
    assert source_file.list_names(deep) == [b"leaf"]
