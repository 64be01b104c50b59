"""Small things that people try: names that look alike, devices for lists, hashes one by one."""

from __future__ import annotations

import hashlib

import pytest
from tests.cli.conftest import quick_caller


@pytest.fixture
def quick(tmp_path):
    call = quick_caller(tmp_path)
    assert call("init").code == 0
    return call


def test_names_that_look_alike_are_one_case(quick, tmp_path):
    (tmp_path / "empty").mkdir()
    for name in ("Café", " Café ", "Cafe\u0301"):
        assert quick("ingest", str(tmp_path / "empty"), "--case", name, "--quiet").code == 0
    assert [one["case"] for one in quick("case", "--json").document["cases"]] == ["Café"]
    assert quick("case", "hold", "Cafe\u0301", "--reason", "order").code == 0
    assert quick("case", "erase", " Café", "--reason", "x", "--yes").code == 4
    assert quick("find", "--case", "Cafe\u0301", "--json").document["media"] == []


def test_what_is_looked_up_cannot_be_guessed_from_the_log(quick, tmp_path):
    line = hashlib.md5(b"guess me").hexdigest()
    (tmp_path / "hashes.txt").write_text(line)
    found = quick("match", "--hashes", str(tmp_path / "hashes.txt"), "--algorithm", "md5", "--json")
    assert found.code == 0
    said = quick("custody", "show", "--action", "looked-up", "--json").out
    assert "looked-up" in said
    for text in (line, line + "\n"):
        assert hashlib.sha256(text.encode()).hexdigest() not in said


def test_a_device_is_no_list(quick):
    answer = quick("lists", "import", "/dev/zero", "--name", "Z", "--purpose", "removal")
    assert answer.code == 2
    assert "regular file" in answer.err
