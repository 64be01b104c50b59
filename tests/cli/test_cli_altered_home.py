"""Files of a home altered behind the program's back: noticed, and nothing is destroyed for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Answer, quick_caller

from firstlight.app.case import open_case
from firstlight.app.home import init_home, open_home

INTEGRITY_EXIT, STORE_EXIT = 5, 7


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a home that has two cases."""
    init_home(str(tmp_path / "home"), "test")
    with open_home(str(tmp_path / "home"), "test", writing=True) as home:
        open_case(home, "Case A")
        open_case(home, "Case B")
    return tmp_path


def codes(answer: Answer) -> set[str]:
    return {one["code"] for one in answer.document["breaks"]}


def test_a_marker_that_nobody_recorded_destroys_no_key(place: Path) -> None:
    call, keys = quick_caller(place), place / "home" / "keys"
    before = (keys / "case-1.key").read_bytes()
    (keys / "case-1.erased").touch()
    for command in (("child", "add", "C-1"), ("key", "rotate"), ("case", "hold", "Case B")):
        refused = call(*command, "--reason", "test")
        assert refused.code == INTEGRITY_EXIT, refused.err
        assert "[integrity]" in refused.err
    assert (keys / "case-1.key").read_bytes() == before
    (keys / "case-1.erased").unlink()
    assert call("case", "Case A").code == 0
    assert call("key", "rotate", "--reason", "test").code == 0
    assert call("case", "erase", "Case A", "--reason", "ended", "--yes").code == 0
    assert call("child", "add", "C-1").code == 0
    # Somebody removed the marker: it comes back with the next command that writes.
    (keys / "case-1.erased").unlink()
    assert call("child", "add", "C-2").code == 0
    assert (keys / "case-1.erased").exists()
