"""A full disk, a read-only home, a clock that jumps back, two writers, a kill: what a home bears.

Each ends with a clear error that names the reason, and with a store that verifies and goes on.
Mounts live in a namespace of their own and go with it.
"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.hostile.troubled_home import Place, Step

STORE_EXIT, DONE = 7, (0, 3)
PICTURES = 6
HASHES = 4000
CLOCK = '''
import datetime
import os

real = datetime.datetime


class Kind(type):
    def __instancecheck__(cls, value):
        return isinstance(value, real)


class Falling(real, metaclass=Kind):
    """An hour earlier at each look."""

    looks = 0

    @classmethod
    def now(cls, tz=None):
        Falling.looks += 1
        back_h = float(os.environ["CLOCK_BACK_H"]) + Falling.looks
        return real.now(tz) - datetime.timedelta(hours=back_h)


datetime.datetime = Falling
'''


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("material")
    draw = np.random.default_rng(11)
    for number in range(PICTURES):
        base = draw.integers(0, 255, (12, 16, 3), dtype=np.uint8)
        picture = Image.fromarray(base).resize((640, 480), Image.Resampling.BICUBIC)
        picture.save(folder / f"{number:02}.jpg", quality=90)
    return folder


@pytest.fixture(scope="module")
def list_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("list") / "list.txt"
    path.write_text("\n".join(hashlib.sha256(b"%d" % n).hexdigest() for n in range(HASHES)))
    return path


@pytest.fixture
def place(tmp_path: Path, material: Path, list_file: Path) -> Place:
    for name in ("home", "out"):
        (tmp_path / name).mkdir(mode=0o700)
    return Place(tmp_path / "home", material, list_file, tmp_path / "out")


@pytest.fixture
def mounts(place: Place) -> Place:
    names = ["--mount"] if os.geteuid() == 0 else ["--map-root-user", "--mount"]
    probe = ["unshare", *names, "mount", "-t", "tmpfs", "none", str(place.home)]
    try:
        done = subprocess.run(probe, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("no unshare here")
    if done.returncode:
        pytest.skip("this machine lets nobody have mounts of their own")
    return place


def is_clear(step: Step, reason: str) -> bool:
    """Whether a command said in one line what is the matter, with the exit code of the store."""
    said = re.search(r"firstlight: \[(store|home-busy)\] .*", step.err)
    is_told = said is not None and re.search(reason, said.group()) is not None
    return step.code == STORE_EXIT and is_told and "Traceback" not in step.err


FULL = r"full|No space left"


def long(value: int) -> object:
    """A case that ``make test-long`` alone runs."""
    return pytest.param(value, marks=pytest.mark.long)


@pytest.mark.parametrize("left_kib", [long(0), 64])
def test_a_disk_that_fills_up(mounts, left_kib):
    """Whatever was cut off by it: it says so, verifies, and ends as if nothing had been."""
    steps = mounts.steps(f"""
        mount -t tmpfs -o size=24m,mode=700 none "$HOME_FOLDER"
        step init $firstlight init
        fill() {{
            free=$(df --output=avail -k "$HOME_FOLDER" | tail -1)
            if [ $free -gt {left_kib} ]; then
                head -c $(( (free - {left_kib}) * 1024 )) /dev/zero >"$HOME_FOLDER/filler"
            fi
        }}
        fill
        import full-import; ingest full-ingest; verify full-verify
        rm "$HOME_FOLDER/filler"
        import import; ingest ingest; verify verify
        cp "$HOME_FOLDER/store.sqlite"* "$out"
    """)
    assert steps["init"].code == 0, steps["init"].err
    assert is_clear(steps["full-import"], FULL), steps["full-import"]
    full = steps["full-ingest"]
    assert full.code in DONE or is_clear(full, FULL), full
    assert full.code == STORE_EXIT or left_kib
    # A reader needs a little room of its own for the index of the write-ahead log.
    checked = steps["full-verify"]
    assert checked.code == 0 or is_clear(checked, FULL), checked
    for name in ("import", "ingest", "verify"):
        assert steps[name].code == 0, (name, steps[name].err)
    with sqlite3.connect(mounts.out / "store.sqlite") as connection:
        (count,) = connection.execute("SELECT count(*) FROM sighting").fetchone()
    connection.close()
    assert count == PICTURES


def test_a_disk_that_is_full_from_the_start(mounts):
    steps = mounts.steps("""
        mount -t tmpfs -o size=64k,mode=700 none "$HOME_FOLDER"
        step init $firstlight init
        mount -o remount,size=24m "$HOME_FOLDER"
        step again $firstlight init; ingest ingest; verify verify
    """)
    assert is_clear(steps["init"], FULL), steps["init"]
    for name in ("again", "verify", "ingest"):
        assert steps[name].code == 0, (name, steps[name].err)


def test_a_home_that_cannot_be_written(mounts):
    steps = mounts.steps("""
        step init $firstlight init; ingest ingest
        mount --bind "$HOME_FOLDER" "$HOME_FOLDER"
        mount -o remount,bind,ro "$HOME_FOLDER"
        ingest ro-ingest; import ro-import; step ro-init $firstlight init
        verify ro-verify; step ro-leads $firstlight leads --case One
        umount "$HOME_FOLDER"
        import import; verify verify
    """)
    for name in ("ro-ingest", "ro-import", "ro-init"):
        assert is_clear(steps[name], "Read-only file system"), steps[name]
    for name in ("init", "ingest", "ro-verify", "ro-leads", "import", "verify"):
        assert steps[name].code == 0, (name, steps[name].err)


def test_a_clock_that_jumps_backwards(place, tmp_path):
    """Times go back as the clock does; what came after what is said by the number alone."""
    (tmp_path / "clock").mkdir()
    (tmp_path / "clock" / "sitecustomize.py").write_text(CLOCK)
    falling = {"PYTHONPATH": str(tmp_path / "clock")}
    assert place.call("init").code == 0
    lists = ("lists", "import", str(place.list_file), "--name", "A", "--purpose",
             "investigation", "--algorithm", "sha256")  # fmt: skip
    assert place.call(*lists, CLOCK_BACK_H="10", **falling).code == 0
    assert place.ingest(CLOCK_BACK_H="9000", **falling).code == 0
    assert place.call("leads", "--case", "One", CLOCK_BACK_H="99000", **falling).code == 0
    rows = place.read("SELECT event_seq, at FROM event ORDER BY event_seq")
    times = [str(at) for _, at in rows]
    assert [number for number, _ in rows] == list(range(1, len(rows) + 1))
    assert times == sorted(times, reverse=True)
    assert len(set(times)) == len(times) >= 4
    assert place.ingest().code == 0
    checked = place.call("verify")
    assert checked.code == 0, checked.err
    assert place.recorded() == PICTURES


@pytest.fixture
def stopped_ingest(place: Place) -> Iterator[subprocess.Popen[str]]:
    """An ingest that stands still in the middle of its work."""
    assert place.call("init").code == 0
    process = place.start("ingest", str(place.material), "--case", "One")
    deadline = time.monotonic() + 60
    while not place.read("SELECT 1 FROM run") and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGSTOP)
    yield process
    process.send_signal(signal.SIGCONT)
    process.communicate(timeout=60)


def test_two_processes_on_one_home(place, stopped_ingest):
    assert stopped_ingest.poll() is None
    for second in (place.ingest(), place.call("init")):
        assert is_clear(second, "another process is writing"), second
    assert place.call("verify").code == 0
    assert place.call("leads", "--case", "One").code == 0
    stopped_ingest.send_signal(signal.SIGCONT)
    _, err = stopped_ingest.communicate(timeout=60)
    assert stopped_ingest.returncode == 0, err
    assert place.recorded() == PICTURES
    assert place.call("verify").code == 0


def test_a_writer_that_was_killed_leaves_the_home_free(place, stopped_ingest):
    stopped_ingest.kill()
    stopped_ingest.communicate(timeout=60)
    done = place.ingest()
    assert done.code == 0, done.err
    assert place.recorded() == PICTURES
    assert place.call("verify").code == 0


def wait_for(is_there: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while process.poll() is None and not is_there():
        time.sleep(0.0005)


@pytest.mark.parametrize("wait_ms", [None, 0, long(20), long(80)])
def test_killed_while_the_home_is_made(place, wait_ms):
    """Whatever a killed ``init`` left, another one makes a home of it."""
    process = place.start("init")
    first = "writer.lock" if wait_ms is None else "store.sqlite*"
    wait_for(lambda: any(place.home.glob(first)), process)
    time.sleep((wait_ms or 0) / 1000)
    process.kill()
    process.communicate(timeout=60)
    again = place.call("init")
    assert again.code == 0, again.err
    assert sorted(path.name for path in place.home.glob("store.sqlite*")) == ["store.sqlite"]
    assert place.call("verify").code == 0


@pytest.mark.parametrize("wait_ms", [long(0), 40])
def test_killed_while_a_list_comes_in(place, wait_ms):
    """A list is there wholly or not at all."""
    assert place.call("init").code == 0
    arguments = ("lists", "import", str(place.list_file), "--name", "A", "--purpose",
                 "investigation", "--algorithm", "sha256")  # fmt: skip
    process = place.start(*arguments)
    log = place.home / "store.sqlite-wal"
    wait_for(lambda: log.exists() and log.stat().st_size > 0, process)
    time.sleep(wait_ms / 1000)
    process.kill()
    process.communicate(timeout=60)
    (count,) = place.read("SELECT count(*) FROM entry")[0]
    assert count in (0, HASHES)
    assert place.call(*arguments).code == 0
    (count,) = place.read("SELECT count(*) FROM entry")[0]
    assert count == HASHES
    assert place.call("verify").code == 0
