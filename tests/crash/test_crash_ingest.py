"""Killed at any instant and started again, a run ends as one that was never killed."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from firstlight.app.home import open_home
from firstlight.store.dump import canonical_dump

FILES = 60
RECORDED_AT_KILL = (0, 1, 20, 45)
SEEDS_LONG = tuple(range(100))


def program(home: Path, *arguments: str) -> subprocess.Popen[bytes]:
    env = {**os.environ, "FIRSTLIGHT_HOME": str(home), "FIRSTLIGHT_ITEM_WALL_S": "2"}
    return subprocess.Popen(
        [sys.executable, "-m", "firstlight", *arguments],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )


def finish(home: Path, *arguments: str) -> None:
    assert program(home, *arguments).wait(timeout=240) in (0, 3)


def recorded(home: Path) -> int:
    try:
        connection = sqlite3.connect(f"file:{home}/store.sqlite?mode=ro", uri=True, timeout=5)
        try:
            return int(connection.execute("SELECT count(*) FROM sighting").fetchone()[0])
        finally:
            connection.close()
    except sqlite3.OperationalError:
        return 0


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("collection")
    draw = np.random.default_rng(5)
    for number in range(FILES - 12):
        base = draw.integers(0, 255, (12, 16, 3), dtype=np.uint8)
        picture = Image.fromarray(base).resize((320, 240), Image.Resampling.BICUBIC)
        picture.save(folder / f"{number:02}.jpg", quality=88)
        if number % 8 == 0:
            picture.resize((200, 150)).save(folder / f"{number:02}-small.jpg", quality=80)
    (folder / "copy.jpg").write_bytes((folder / "00.jpg").read_bytes())
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(90))
    cut = (folder / "01.jpg").read_bytes()
    for name in ("cut.jpg", "cut-copy.jpg"):
        (folder / name).write_bytes(cut[: len(cut) * 2 // 3])
    with tarfile.open(folder / "in.tar.gz", "w:gz") as archive:
        for name in ("02.jpg", "cut.jpg", "broken.png"):
            archive.add(folder / name, f"inside/{name}")
    return folder


@pytest.fixture(scope="module")
def list_file(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import hashlib

    path = tmp_path_factory.mktemp("list") / "list.txt"
    names = ("00.jpg", "08.jpg", "in.tar.gz")
    digests = [hashlib.sha256((collection / name).read_bytes()).hexdigest() for name in names]
    path.write_text("\n".join(digests))
    return path


def begin(home: Path, list_file: Path) -> None:
    finish(home, "init")
    finish(home, "lists", "import", str(list_file), "--name", "A", "--purpose", "investigation",
           "--algorithm", "sha256")  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(collection: Path, list_file: Path, tmp_path_factory) -> str:
    home = tmp_path_factory.mktemp("undisturbed") / "home"
    begin(home, list_file)
    finish(home, "ingest", str(collection), "--case", "One")
    return dump(home)


def dump(home: Path) -> str:
    with open_home(str(home), None, writing=False) as opened:
        return canonical_dump(opened.store)


def events_per_item(home: Path) -> set[int]:
    connection = sqlite3.connect(home / "store.sqlite")
    rows = connection.execute(
        "SELECT count(*) FROM sighting s JOIN event e ON e.event_seq = s.event_seq "
        "WHERE e.action = 'ingested' GROUP BY s.source_id, s.item_mac"
    ).fetchall()
    connection.close()
    return {count for (count,) in rows}


def check_resumed(home: Path, collection: Path, undisturbed: str) -> None:
    finish(home, "ingest", str(collection), "--case", "One")
    assert dump(home) == undisturbed
    assert events_per_item(home) == {1}
    finish(home, "verify")


@pytest.mark.parametrize("count", RECORDED_AT_KILL)
def test_killed_with_some_items_recorded(count, collection, list_file, undisturbed, tmp_path):
    home = tmp_path / "home"
    begin(home, list_file)
    run = program(home, "ingest", str(collection), "--case", "One")
    deadline = time.monotonic() + 60
    while recorded(home) < count and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    run.send_signal(signal.SIGKILL)
    run.wait()
    check_resumed(home, collection, undisturbed)


def test_two_kills_in_a_row_and_an_interruption(collection, list_file, undisturbed, tmp_path):
    home = tmp_path / "home"
    begin(home, list_file)
    for number, count in ((signal.SIGKILL, 3), (signal.SIGTERM, 15), (signal.SIGINT, 30)):
        run = program(home, "ingest", str(collection), "--case", "One")
        while recorded(home) < count and run.poll() is None:
            time.sleep(0.005)
        run.send_signal(number)
        run.wait(timeout=30)
    check_resumed(home, collection, undisturbed)


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS_LONG)
def test_killed_at_a_random_instant(seed, collection, list_file, undisturbed, tmp_path):
    home = tmp_path / "home"
    begin(home, list_file)
    run = program(home, "ingest", str(collection), "--case", "One")
    time.sleep(random.Random(seed).uniform(0.0, 4.0))
    run.send_signal(signal.SIGKILL)
    run.wait()
    check_resumed(home, collection, undisturbed)
