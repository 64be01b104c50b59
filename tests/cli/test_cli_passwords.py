"""``ingest --passwords``, through the program, with isolated workers."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from examples.locked import PASSWORDS, write_locked
from tests.unit.intake.test_archive_rar import SAMPLES, needs_library

LOCKED = 6
PLAIN = 2


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("locked")
    write_locked(folder)
    words = folder / "passwords.txt"
    elsewhere = tmp_path_factory.mktemp("list") / "words.txt"
    elsewhere.write_bytes(words.read_bytes())
    words.unlink()
    return folder, elsewhere


def names(entries) -> list[str]:
    return sorted(Path(entry["path"]).name for entry in entries)


def test_the_list_opens_what_is_locked(home, locked):
    folder, words = locked
    answer = home("ingest", str(folder), "--case", "One", "--passwords", str(words), "--json")
    assert answer.code == 0, answer.document["failed"]
    assert answer.document["files"] == 4 + LOCKED + PLAIN
    assert home("verify").code == 0


def test_without_a_list_locked_members_fail_and_a_retry_with_one_opens_them(home, locked):
    folder, words = locked
    first = home("ingest", str(folder), "--case", "One", "--json")
    assert first.code == 3
    assert {entry["code"] for entry in first.document["failed"]} == {"encrypted"}
    # Of the 7z even the names are locked: one failure, that of the archive.
    assert names(first.document["failed"]) == [
        "harbour-0.jpg", "harbour-1.jpg", "harbour-2.jpg", "harbour-3.jpg", "locked.7z",
    ]  # fmt: skip
    again = home("ingest", str(folder), "--case", "One", "--passwords", str(words), "--json")
    assert again.document["read"] == 0
    retry = ("--case", "One", "--retry-failed", "--passwords", str(words), "--json")
    retried = home("ingest", str(folder), *retry)
    assert retried.code == 0, retried.document["failed"]
    assert retried.document["files"] == 4 + LOCKED + PLAIN
    found = home("find", "--path", "harbour-5.jpg", "--json").document["media"]
    assert len(found) == 1
    assert home("verify").code == 0


def test_no_password_is_recorded_or_said(home, locked, tmp_path):
    folder, words = locked
    answer = home("ingest", str(folder), "--case", "One", "--passwords", str(words))
    assert answer.code == 0
    for word in PASSWORDS:
        assert word not in answer.out + answer.err
        for path in (tmp_path / "home").rglob("*"):
            if path.is_file():
                assert word.encode() not in path.read_bytes()


def test_a_list_that_is_not_there_is_a_usage_error(home, locked):
    folder, _ = locked
    answer = home("ingest", str(folder), "--case", "One", "--passwords", "/nowhere", "--json")
    assert answer.code == 2


@needs_library
def test_rar_opens_inside_a_worker(home, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in ("rar4", "rar5-solid", "rar5-locked"):
        (source / f"{name}.rar").write_bytes(SAMPLES[name])
    answer = home("ingest", str(source), "--case", "One", "--json")
    assert answer.code == 3
    assert answer.document["files"] == 3 + 12
    failed = answer.document["failed"]
    assert {entry["code"] for entry in failed} == {"encrypted"}
    assert {Path(base64.b64decode(entry["path_b64"]).decode()).parts[-2] for entry in failed} <= {
        "rar5-locked.rar!", "sub",
    }  # fmt: skip
