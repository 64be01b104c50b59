"""What a worker that has been taken over can still do: nothing that matters."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from firstlight.engine.pool import LocalPool
from firstlight.model.bounds import Bounds
from firstlight.model.ports import Finished, Task

WORK = Path(__file__).parent.parent / "unit" / "engine"
LIGHT = {"preload": []}


@pytest.fixture
def pool(monkeypatch):
    monkeypatch.syspath_prepend(str(WORK))
    made = LocalPool(1, Bounds(worker_memory_bytes=1 << 31))
    yield made
    made.close()


def run(pool, function, payload, roots, settings=LIGHT):
    tasks = [Task(1, payload, ())]
    events = pool.run(f"locked_work:{function}", tasks, lambda question: question, settings, roots)
    return {
        event.item_key.decode(): event.result for event in events if isinstance(event, Finished)
    }


@pytest.fixture
def places(tmp_path):
    inside, outside = tmp_path / "inside" / "a", tmp_path / "outside" / "b"
    for path in (inside, outside):
        path.parent.mkdir()
        path.write_bytes(b"content")
    return {"inside": os.fsencode(inside), "outside": os.fsencode(outside)}


def test_everything_is_in_force_here(pool):
    report = pool.isolation()
    missing = [name for name, is_in_force in report.items() if not is_in_force]
    if missing and os.environ.get("CI") != "true":
        pytest.skip(f"this machine lacks: {', '.join(missing)}")
    assert not missing
    assert len(report) == 10


def test_a_worker_can_do_no_harm(pool, places, tmp_path):
    roots = [os.path.dirname(places["inside"])]
    before = os.stat(places["inside"])
    results = run(pool, "attempts", places, roots)
    report = pool.isolation()
    if not (report["landlock"] and report["system-calls"]):
        pytest.skip("this machine lacks Landlock or system-call filters")
    allowed = sorted(name for name, result in results.items() if result == "allowed")
    assert allowed == []
    assert len(results) == 33
    assert set(results.values()) <= {"EPERM", "EACCES", "ENOSYS"}
    after = os.stat(places["inside"])
    assert (after.st_mtime_ns, after.st_ctime_ns) == (before.st_mtime_ns, before.st_ctime_ns)
    assert os.listdir(roots[0]) == [b"a"]


def test_a_worker_can_do_its_work(pool, places):
    results = run(pool, "freedoms", places, [os.path.dirname(places["inside"])])
    assert results == {
        "read inside": b"content", "thread": [1], "numpy": 300.0, "parent death signal": 9,
    }  # fmt: skip


def test_a_single_file_can_be_the_root(pool, places):
    results = run(pool, "freedoms", places, [places["inside"], b"/no/such/place"])
    assert results["read inside"] == b"content"
    assert run(pool, "attempts", places, [places["inside"]])["read outside"] == "EACCES"


def test_the_mounts_of_a_worker_are_its_own(pool, places):
    before = Path("/proc/self/mountinfo").read_bytes()
    run(pool, "freedoms", places, [os.path.dirname(places["inside"])])
    if not pool.isolation()["quiet-source"]:
        pytest.skip("this machine lets no worker have mounts of its own")
    theirs = Path(f"/proc/{pool._children[0].process.pid}/mountinfo").read_text().splitlines()
    assert all("ro" in line.split()[5].split(",") for line in theirs)
    assert not any("shared:" in line for line in theirs)
    assert Path("/proc/self/mountinfo").read_bytes() == before
    Path(os.fsdecode(places["inside"])).write_bytes(b"main may still write")


def test_the_usual_decoders_load_before_the_last_lock(pool, places):
    results = run(pool, "freedoms", places, [os.path.dirname(places["inside"])], {})
    assert results["numpy"] == 300.0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root reads files of other owners")
def test_root_reads_what_others_own_without_their_leave(pool, places):
    os.chmod(places["inside"], 0o600)
    os.chown(places["inside"], 65534, 65534)
    results = run(pool, "freedoms", places, [os.path.dirname(places["inside"])])
    assert results["read inside"] == b"content"


LOCK = """
    import os, sys
    from firstlight.engine import linux
    linux.forbid_new_privileges()
    linux.allow_paths_only([os.fsencode(sys.argv[1])])
    def word(attempt):
        try:
            attempt()
        except OSError as error:
            return error.__class__.__name__
        return "allowed"
    inside, outside = sys.argv[1] + "/a", sys.argv[2] + "/b"
    print(word(lambda: open(inside, "rb").close()), word(lambda: open(inside, "r+b").close()),
          word(lambda: open(inside + "x", "xb").close()), word(lambda: os.unlink(inside)),
          word(lambda: os.truncate(inside, 0)), word(lambda: open(outside, "rb").close()),
          word(lambda: os.execv("/bin/true", ["true"])))
"""


def test_landlock_alone_allows_reading_beneath_the_roots_only(places):
    folders = [os.path.dirname(places["inside"]), os.path.dirname(places["outside"])]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(LOCK), *folders], capture_output=True, check=False
    )
    if b"Function not implemented" in done.stderr or b"not supported" in done.stderr:
        pytest.skip("this machine lacks Landlock")
    assert done.stdout.split() == [b"allowed"] + [b"PermissionError"] * 6, done.stderr


def test_a_kernel_without_a_lock_is_reported_and_the_rest_goes_on(monkeypatch):
    from firstlight.engine import isolation

    def lacking():
        raise OSError("no such call")

    for name in ("leave_namespaces", "leave_mounts"):
        monkeypatch.setattr(isolation.linux, name, lacking)
    for name in ("drop_capabilities", "forbid_new_privileges"):
        monkeypatch.setattr(isolation.linux, name, lambda: None)
    monkeypatch.setattr(isolation.linux, "die_with_parent", lambda parent: None)
    assert isolation.leave_machine(1) == {
        "namespaces": False, "quiet-source": False, "capabilities": True, "no-new-privileges": True,
    }  # fmt: skip
