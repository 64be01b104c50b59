"""Killed at any instant of rotations and erasures, a home opens with its key, whole."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from firstlight.app.case import open_case
from firstlight.app.home import init_home, open_home
from firstlight.app.key import key_document, settle_keys
from firstlight.errors import CaseErasedError

KEPT_CASE = 1
SEEDS = (1, 2, 3)
SEEDS_LONG = tuple(range(100, 130))

WORK = """
import os, sys
from firstlight.app.case import open_case
from firstlight.app.erasing import erase_case
from firstlight.app.home import open_home
from firstlight.app.key import rotate_keys, settle_keys

with open_home(sys.argv[1], "why", writing=True) as home:
    settle_keys(home)
    print("ready", flush=True)
    while True:
        names = ["Case " + os.urandom(8).hex() for _ in range(3)]
        for name in names:
            open_case(home, name)
        rotate_keys(home, is_signing_renewed=True)
        for name in names[:2]:
            print(erase_case(home, name, is_sure=True)["case"], flush=True)
"""


@pytest.fixture
def home_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("FIRSTLIGHT_KEY_FILE", str(tmp_path / "key.json"))
    init_home(str(tmp_path / "home"), None)
    return str(tmp_path / "home")


def work_until_killed(home_path: str, wait_s: float) -> set[int]:
    """Let a process rotate and erase, kill it, and give the cases whose erasure it announced."""
    with subprocess.Popen(
        [sys.executable, "-c", WORK, home_path],
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(wait_s)
        process.kill()
        rest = process.stdout.read()
    return {int(line) for line in rest.split("\n")[:-1]}


def check(home_path: str, sealed: bytes, erased: set[int]) -> None:
    with open_home(home_path, None, writing=False) as home:
        assert home.sealer.open(KEPT_CASE, b"c", sealed) == b"kept"
    with open_home(home_path, None, writing=True) as home:
        settle_keys(home)
        assert home.sealer.open(KEPT_CASE, b"c", sealed) == b"kept"
        for case_id in erased:
            with pytest.raises(CaseErasedError):
                home.sealer.seal(case_id, b"c", b"x")
        folder = home.unlocked.folder
        assert erased <= set(folder.erased_case_ids())
        assert folder.wrapped_with_old() == []
        for case_id in folder.case_ids():
            home.sealer.open(case_id, b"c", home.sealer.seal(case_id, b"c", b"x"))
    with open_home(home_path, None, writing=False, is_locked=True) as home:
        document, trouble = key_document(home)
    assert trouble is None
    assert (document["is_rotation_unfinished"], document["is_move_unfinished"]) == (False, False)
    root = Path(home_path).parent
    assert [path.name for path in root.glob("**/*.new") if path.parent.name == "keys"] == []
    assert not (root / "key.json.new").exists()


def run_campaign(home_path: str, seeds: tuple[int, ...]) -> None:
    with open_home(home_path, None, writing=True) as home:
        open_case(home, "Case kept")
        sealed = home.sealer.seal(KEPT_CASE, b"c", b"kept")
    erased: set[int] = set()
    for seed in seeds:
        erased |= work_until_killed(home_path, random.Random(seed).uniform(0.0, 1.5))
        check(home_path, sealed, erased)


def test_killed_in_rotation_and_erasure(home_path: str) -> None:
    run_campaign(home_path, SEEDS)


@pytest.mark.long
def test_killed_in_rotation_and_erasure_at_full_scale(home_path: str) -> None:
    began_s = time.monotonic()
    run_campaign(home_path, SEEDS_LONG)
    print(f"seeds {SEEDS_LONG[0]} to {SEEDS_LONG[-1]}: {time.monotonic() - began_s:.0f} s")
