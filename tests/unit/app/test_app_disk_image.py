"""Disk images through the whole of ingest: isolated workers, segments, resuming, lost workers."""

from __future__ import annotations

import hashlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from os import environ
from pathlib import Path

import pyewf
import pytest
from examples.disk import DiskSample, draw_disk, draw_picture

from firstlight.app import ingest as ingest_module
from firstlight.app.finding import show
from firstlight.app.home import init_home, open_home
from firstlight.app.ingest import IngestRequest, ingest
from firstlight.model.media import Outcome
from firstlight.store.dump import canonical_dump
from firstlight.store.sighting import seen_items

PICTURES = 16


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> DiskSample:
    crashing = draw_picture(77) + b"CRASH"
    return draw_disk(
        tmp_path_factory.mktemp("disk"),
        pictures=PICTURES,
        extra={"MIDDLE.JPG": crashing},
        segment_bytes=200_000,
    )


@pytest.fixture
def images(sample, tmp_path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for path in sample.segments:
        shutil.copy(path, folder)
    return folder


def run(home_path: Path, source: Path, **request: bool) -> dict:
    with open_home(str(home_path), "test", writing=True, item_wall_s=5.0, workers=2) as home:
        return ingest(home, IngestRequest("One", (bytes(source),), **request), lambda _: None)


def recorded(home_path: Path) -> dict[str, Outcome]:
    with open_home(str(home_path), "test", writing=False) as home:
        return {
            b"!/".join(item.members).decode(): item.outcome
            for item in seen_items(home.store, 1)
            if item.members
        }


def test_a_single_image_is_read_with_the_segments_beside_it(sample, images, tmp_path):
    init_home(str(tmp_path / "home"), "test")
    document = run(tmp_path / "home", images / "disk.E01")
    found = recorded(tmp_path / "home")
    assert set(found) == {item.member for item in sample.items}
    read = {item.member for item in sample.items if item.sha256 is not None}
    assert {name for name, outcome in found.items() if outcome is Outcome.READ} == read
    # The files of the image are items of their own, with digests.
    assert document["media"] == len({item.sha256 for item in sample.items} - {None}) + len(
        sample.segments
    )
    assert [row["code"] for row in document["failed"]] == ["encrypted"]
    assert stated(tmp_path / "home")["disk-image.md5"] == disk_md5(sample)
    again = run(tmp_path / "home", images / "disk.E01")
    assert again["read"] == 0


def stated(home_path: Path) -> dict[str, str]:
    """What the image states of itself, as the program shows it."""
    with open_home(str(home_path), "test", writing=False) as home:
        (image,) = [item for item in seen_items(home.store, 1) if item.path.endswith(b".E01")
                    and not item.members]  # fmt: skip
        return show(home, image.media_id or "")["fingerprints"]["container"]


def disk_md5(sample: DiskSample) -> str:
    handle = pyewf.handle()
    handle.open([str(path) for path in sample.segments])
    digest = hashlib.md5()
    while piece := handle.read_buffer(1 << 20):
        digest.update(piece)
    handle.close()
    return digest.hexdigest()


def test_a_folder_of_segments_is_one_image(sample, images, tmp_path):
    init_home(str(tmp_path / "home"), "test")
    document = run(tmp_path / "home", images)
    assert set(recorded(tmp_path / "home")) == {item.member for item in sample.items}
    assert [row["code"] for row in document["failed"]] == ["encrypted"]
    assert document["not_opened"] == []


def test_a_worker_lost_in_an_entry_costs_that_entry(sample, images, tmp_path, monkeypatch):
    init_home(str(tmp_path / "home"), "test")
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setattr(ingest_module, "READ_FUNCTION", "crashing_work:read_chunk")
    document = run(tmp_path / "home", images / "disk.E01")
    codes = {row["path"].rpartition("!/")[2]: row["code"] for row in document["failed"]}
    assert codes.pop("vol1-fat16/MIDDLE.JPG").startswith("worker-")
    assert set(codes.values()) == {"encrypted"}
    assert set(recorded(tmp_path / "home")) == {item.member for item in sample.items}


def test_killed_inside_an_image_and_resumed_it_ends_as_one_never_killed(sample, images, tmp_path):
    dumps = []
    for name in ("whole", "killed"):
        home = tmp_path / name
        init_home(str(home), "test")
        if name == "killed":
            assert 0 < _kill_inside(home, images) < len(sample.items)
        run(home, images)
        with open_home(str(home), "test", writing=False) as opened:
            dumps.append(canonical_dump(opened.store))
    assert dumps[0] == dumps[1]


def _kill_inside(home: Path, source: Path) -> int:
    """Start an ingest, kill it once it has recorded some entries; returns how many."""
    code = (
        "from firstlight.app import recording; recording.BATCH_ITEMS = 4;"
        "from firstlight.cli.main import run; run()"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", code, "ingest", str(source), "--case", "One", "--workers", "1"],
        env={**environ, "FIRSTLIGHT_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    store = f"file:{home}/store.sqlite?mode=ro"
    deadline = time.monotonic() + 60
    count = 0
    while not count and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
        connection = sqlite3.connect(store, uri=True, timeout=5)
        count = connection.execute("SELECT count(*) FROM sighting").fetchone()[0]
        connection.close()
    running.send_signal(signal.SIGKILL)
    running.wait()
    return int(count)
