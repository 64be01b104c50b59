"""The pool's own ways: start, refusal, reuse, environment, and what outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from firstlight.engine.child import import_path
from firstlight.engine.pool import LocalPool
from firstlight.errors import InternalError, PolicyError
from firstlight.model.bounds import Bounds
from firstlight.model.ports import Finished, Lost, Task

HERE = Path(__file__).parent
LIGHT = {"preload": []}


@pytest.fixture
def pool(monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))
    pools = []

    def make(workers=1, **options):
        pools.append(LocalPool(workers, options.pop("bounds", Bounds()), **options))
        return pools[-1]

    yield make
    for made in pools:
        made.close()


def run(pool, function, payload=(), keys=(), settings=LIGHT):
    tasks = [Task(1, payload, keys)]
    return list(
        pool.run(f"isolated_work:{function}", tasks, lambda question: question, settings, ())
    )


def pids(pool):
    return [child.process.pid for child in pool._children]


def test_workers_that_end_at_once_are_given_up_soon(pool):
    started_s = time.monotonic()
    with pytest.raises(InternalError, match="cannot be started: the worker ended by itself"):
        run(pool(2, command=["/bin/false"]), "chunk", [b"k|plain:"], (b"k|plain:",))
    assert 0.3 < time.monotonic() - started_s < 20


def test_a_missing_work_function_is_named_in_the_detail_only(pool):
    with pytest.raises(InternalError, match="cannot be started: AttributeError") as caught:
        run(pool(), "no_such_function")
    assert "no_such_function" in caught.value.detail


@pytest.mark.parametrize("name", ["lose_outside", "raise_outside"])
def test_losses_outside_any_item_end_the_run(pool, name):
    with pytest.raises(InternalError, match="outside any item") as caught:
        run(pool(), name, None, (b"k",))
    assert "secret" not in str(caught.value)


def test_a_second_run_at_the_same_time_is_refused(pool):
    made = pool()
    task = Task(1, [b"k|plain:"], (b"k|plain:",))
    first = made.run("isolated_work:chunk", [task], lambda question: question, LIGHT, ())
    next(first)
    with pytest.raises(InternalError, match="already at a run"):
        run(made, "chunk")
    assert len(list(first)) == 1


def test_workers_stay_warm_between_like_runs_and_not_between_unlike_ones(pool):
    made = pool()
    run(made, "chunk", [b"k|plain:"])
    warm = pids(made)
    run(made, "chunk", [b"k|plain:"])
    assert pids(made) == warm
    run(made, "chunk", [b"k|plain:"], settings={**LIGHT, "other": 1})
    assert pids(made) != warm


def test_a_warm_worker_that_died_meanwhile_is_replaced(pool):
    made = pool()
    run(made, "chunk", [b"k|plain:"])
    os.kill(pids(made)[0], signal.SIGKILL)
    events = run(made, "chunk", [b"k|plain:"], (b"k|plain:",))
    assert sum(isinstance(event, Finished) for event in events) == 1


def test_nothing_of_our_environment_reaches_a_worker(pool, monkeypatch):
    monkeypatch.setenv("FIRSTLIGHT_PASSPHRASE", "x")
    monkeypatch.setenv("HTTPS_PROXY", "x")
    names = set(run(pool(), "environment")[0].result)
    assert names - {"LC_CTYPE", "LD_LIBRARY_PATH"} == {
        "PATH", "HOME", "LANG", "TZ", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS",
        "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONNOUSERSITE",
    }  # fmt: skip


def test_the_current_folder_is_no_place_to_import_from(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), "/elsewhere"])
    assert import_path() == ["/elsewhere"]
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert import_path() == [str(tmp_path), "/elsewhere"]


def test_settings_reach_the_work_function(pool):
    events = run(pool(), "settings", settings={**LIGHT, "depth": 3})
    assert events[0].result == {"preload": [], "depth": 3}


def test_slowly_eaten_memory_is_a_memory_loss(pool):
    bounds = Bounds(worker_memory_bytes=1 << 30)
    events = run(pool(bounds=bounds), "chunk", [b"k|creep:"], (b"k|creep:",))
    assert [event.code for event in events if isinstance(event, Lost)] == ["worker-memory"]


def test_processor_time_is_bounded_apart_from_time(pool):
    bounds = Bounds(item_wall_s=60.0, item_cpu_s=0.2)
    events = run(pool(bounds=bounds), "chunk", [b"k|spin:"], (b"k|spin:",))
    assert [event.reason for event in events if isinstance(event, Lost)] == [
        "more than 0.2 s of processor time"
    ]


def test_a_worker_is_not_silent_while_the_main_process_is_away(pool):
    made = pool(bounds=Bounds(item_wall_s=1.5))
    keys = tuple(
        b"%d|%s" % (i, order) for i, order in enumerate([b"plain:", b"sleep:", b"sleep:", b"ask:"])
    )
    events = made.run("isolated_work:chunk", [Task(1, list(keys), keys)], lambda q: q, LIGHT, ())
    next(events)
    time.sleep(2.5)
    rest = list(events)
    assert not [event for event in rest if isinstance(event, Lost)]
    assert len(rest) == 4


def test_close_ends_the_tool_servers_too(pool):
    made = pool(2)
    run(made, "chunk", [b"k|plain:"])
    below = {below for pid in pids(made) for below in (pid, *descendants(pid))}
    assert len(below) == 2
    made.close()
    deadline_s = time.monotonic() + 2
    while any(is_running(pid) for pid in below) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert not [pid for pid in below if is_running(pid)]


def test_an_account_that_is_too_long_costs_its_item(pool):
    events = run(pool(), "chunk", [b"1|long:", b"2|plain:"], (b"1|long:", b"2|plain:"))
    lost = [event for event in events if isinstance(event, Lost)]
    assert [(event.item_key, event.code) for event in lost] == [(b"1|long:", "internal")]
    assert len(events) == 3


FAKE = """
    import socket, sys, struct, msgpack
    connection = socket.socket(fileno=int(sys.argv[1]))
    def say(message):
        body = msgpack.packb(message)
        connection.sendall(struct.pack(">I", len(body)) + body)
    {body}
    connection.recv(1)
    import time; time.sleep(60)
"""


def fake(tmp_path, body):
    path = tmp_path / "fake.py"
    path.write_text(textwrap.dedent(FAKE).format(body=body))
    return [sys.executable, "-P", str(path)]


def test_required_isolation_that_is_missing_is_refused(pool, tmp_path):
    command = fake(tmp_path, "say(['ready', {'landlock': False, 'limits': True}])")
    with pytest.raises(PolicyError, match="missing: landlock"):
        run(pool(require_isolation=True, command=command), "chunk", [b"k"])
    assert pool(command=command).isolation() == {"landlock": False, "limits": True}


def test_a_worker_that_speaks_before_it_is_ready_is_not_heard(pool, tmp_path):
    command = fake(tmp_path, "say(['emit', b'k', 1])")
    with pytest.raises(InternalError, match="broke the protocol"):
        run(pool(command=command), "chunk", [b"k"], (b"k",))


MAIN = """
    import signal
    import sys
    signal.signal(signal.SIGINT, signal.default_int_handler)  # it may come in ignored
    sys.path.insert(0, {here!r})
    from firstlight.engine.pool import LocalPool
    from firstlight.model.bounds import Bounds
    from firstlight.model.ports import Finished, Task
    pool = LocalPool(2, Bounds())
    tasks = [Task(1, None, ()), Task(2, None, ())]
    try:
        for event in pool.run(
            "locked_work:tell_processes", tasks, lambda question: question, {settings!r}, ()
        ):
            if isinstance(event, Finished):
                print(event.result, flush=True)
    finally:
        pool.close()
"""


def descendants(of):
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry))
    found, queue = set(), [of]
    while queue:
        for child in children.get(queue.pop(), []):
            found.add(child)
            queue.append(child)
    return found


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_no_process_outlives_the_main_process(sent):
    script = textwrap.dedent(MAIN).format(here=str(HERE), settings=LIGHT)
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as main:
        workers = {int(main.stdout.readline()) for _ in range(2)}
        time.sleep(0.5)
        below = descendants(main.pid)
        assert workers < below
        assert len(below) >= 4  # each worker has its tool server
        started_s = time.monotonic()
        main.send_signal(sent)
        main.wait(10)
        while any(is_running(pid) for pid in below) and time.monotonic() - started_s < 5:
            time.sleep(0.01)
        assert not [pid for pid in below if is_running(pid)]
        assert time.monotonic() - started_s < 3
