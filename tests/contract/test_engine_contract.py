"""What every engine must do, whatever runs its work; engines join by a line in ``ENGINES``."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import pytest

from firstlight.engine.pool import LocalPool
from firstlight.model.bounds import Bounds
from firstlight.model.ports import Completed, Finished, Lost, Task

WORK = Path(__file__).parent.parent / "unit" / "engine"
BOUNDS = Bounds(item_wall_s=2.5, item_cpu_s=0.5, worker_memory_bytes=1 << 30)
LIGHT = {"preload": []}

ENGINES = {"local pool": lambda: LocalPool(2, BOUNDS)}


@pytest.fixture(scope="module", params=sorted(ENGINES))
def shared_engine(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(WORK))
        engine = ENGINES[request.param]()
        yield engine
        engine.close()


@pytest.fixture
def engine(shared_engine, monkeypatch):
    monkeypatch.syspath_prepend(str(WORK))
    return shared_engine


def chunk(task_id, orders):
    keys = tuple(b"%d.%d|%s" % (task_id, number, order) for number, order in enumerate(orders))
    return Task(task_id, list(keys), keys)


def run(engine, tasks, function="chunk", answer=lambda question: question, roots=()):
    return list(engine.run(f"isolated_work:{function}", tasks, answer, LIGHT, roots))


def children():
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text()


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def test_all_results_come_back_once(engine):
    tasks = [chunk(number, [b"plain:abc"] * 50) for number in range(6)]
    events = run(engine, tasks)
    finished = Counter((event.task_id, event.item_key) for event in of(Finished, events))
    wanted = Counter((task.task_id, key) for task in tasks for key in task.item_keys)
    assert finished == wanted
    assert {event.result for event in of(Finished, events)} == {3}
    assert sorted(event.task_id for event in of(Completed, events)) == list(range(6))


def test_a_task_is_completed_after_its_last_item(engine):
    events = run(engine, [chunk(number, [b"plain:", b"raise:", b"abort:"]) for number in range(3)])
    for number in range(3):
        mine = [event for event in events if event.task_id == number]
        assert isinstance(mine[-1], Completed)
        assert len(of(Completed, mine)) == 1
        assert len(mine) == 4


def test_each_question_gets_its_own_answer(engine):
    tasks = [
        chunk(number, [b"ask:%d" % (number * 100 + i) for i in range(40)])
        for number in (1, 2, 3, 4)
    ]
    events = run(engine, tasks, answer=lambda question: b"re " + question)
    for event in of(Finished, events):
        assert event.result == b"re " + event.item_key.partition(b"ask:")[2]
    assert len(of(Finished, events)) == 160


def test_large_and_odd_values_cross_both_ways(engine):
    value = [
        None,
        True,
        -(2**63),
        2**64 - 1,
        1.5,
        "é\u202e\n",
        b"\xff\x00" * 2_000_000,
        {"a": {b"b": []}},
    ]
    task = Task(1, [b"k|ask:"], (b"k|ask:",))
    asked = []

    def answer(question):
        asked.append(question)
        return value

    events = run(engine, [task], answer=answer)
    assert of(Finished, events)[0].result == value
    assert asked == [b""]


@pytest.mark.parametrize(
    ("fate", "code", "word"),
    [
        (b"abort", "worker-crashed", "SIGABRT"),
        (b"segv", "worker-crashed", "SIGSEGV"),
        (b"kill", "worker-crashed", "SIGKILL"),
        (b"exit", "worker-lost", "exit 0"),
        (b"sysexit", "worker-lost", "exit 3"),
        (b"hang", "worker-timeout", "no sign of life"),
        (b"spin", "worker-timeout", ""),
        (b"hog", "worker-memory", "memory"),
        (b"raise", "internal", "LookupError"),
        (b"garbage", "worker-crashed", "protocol"),
        (b"toolong", "worker-crashed", "protocol"),
        (b"nonsense", "worker-crashed", "protocol"),
        (b"close", "worker-lost", "closed"),
    ],
)
def test_a_fault_costs_exactly_its_own_item(engine, fate, code, word):
    orders = [b"plain:x"] * 50
    orders[17] = fate + b":a secret"
    task = chunk(1, orders)
    events = run(engine, [task, chunk(2, [b"plain:"] * 5)])
    lost = of(Lost, events)
    assert [event.item_key for event in lost] == [task.item_keys[17]]
    assert lost[0].code == code
    assert word in lost[0].reason
    assert "secret" not in lost[0].reason
    assert len(of(Finished, events)) == 54
    assert len(of(Completed, events)) == 2


def test_many_faults_in_one_chunk_cost_only_themselves(engine):
    orders = [b"abort:", b"plain:", b"segv:", b"raise:", b"plain:", b"exit:", b"plain:"]
    events = run(engine, [chunk(1, orders)])
    assert len(of(Lost, events)) == 4
    assert len(of(Finished, events)) == 3


def test_members_of_a_container_are_lost_alone(engine):
    payload = {
        b"outer": {
            b"1|plain:": None,
            b"inner": {b"2|plain:": None, b"3|abort:": None, b"4|plain:": None},
            b"5|plain:": None,
        },
        b"6|other": {},
    }
    events = run(engine, [Task(1, payload, tuple(payload))], "nested")
    assert [event.item_key for event in of(Lost, events)] == [b"3|abort:"]
    finished = Counter(event.item_key for event in of(Finished, events))
    keys = [b"outer", b"inner", b"6|other", *(b"%d|plain:" % number for number in (1, 2, 4, 5))]
    assert finished == Counter(keys)


def test_a_container_that_crashes_between_members_keeps_those_it_gave(engine):
    payload = {b"outer": {b"1|plain:": None, b"crash between": None, b"2|plain:": None}, b"b": {}}
    events = run(engine, [Task(1, payload, tuple(payload))], "nested")
    assert [event.item_key for event in of(Lost, events)] == [b"outer"]
    assert Counter(e.item_key for e in of(Finished, events)) == Counter([b"1|plain:", b"b"])


def test_a_container_that_cannot_be_opened_is_lost_whole(engine):
    payload = {b"outer": {b"inner!": {b"1|plain:": None}, b"2|plain:": None}}
    events = run(engine, [Task(1, payload, tuple(payload))], "nested")
    assert [event.item_key for event in of(Lost, events)] == [b"inner!"]
    assert {event.item_key for event in of(Finished, events)} == {b"2|plain:", b"outer"}


def test_items_without_an_account_are_not_passed_over_in_silence(engine):
    events = run(engine, [chunk(1, [b"plain:"] * 3)], "silent")
    assert [event.code for event in of(Lost, events)] == ["worker-lost"] * 3


def test_tasks_are_drawn_lazily(engine):
    drawn = []

    def tasks():
        for number in range(40):
            drawn.append(number)
            yield chunk(number, [b"plain:"] * 3)

    events = engine.run("isolated_work:chunk", tasks(), lambda question: question, LIGHT, ())
    next(events)
    assert len(drawn) <= 6
    assert len(of(Completed, list(events))) == 40


def test_a_run_that_is_left_early_does_not_disturb_the_next(engine):
    events = engine.run(
        "isolated_work:chunk", [chunk(1, [b"plain:", b"hang:"])], lambda q: q, LIGHT, ()
    )
    started_s = time.monotonic()
    assert isinstance(next(events), Finished | Lost)
    events.close()
    assert time.monotonic() - started_s < 4
    assert len(of(Finished, run(engine, [chunk(2, [b"plain:"] * 5)]))) == 5


def test_an_error_of_the_one_who_answers_comes_out_of_the_run(engine):
    def answer(question):
        raise LookupError("ours")

    with pytest.raises(LookupError, match="ours"):
        run(engine, [chunk(1, [b"ask:"])], answer=answer)
    assert len(of(Finished, run(engine, [chunk(2, [b"plain:"])]))) == 1


def test_no_task_gives_no_event(engine):
    assert run(engine, []) == []


def test_isolation_is_told_by_name(engine):
    assert all(isinstance(is_in_force, bool) for is_in_force in engine.isolation().values())
    assert engine.isolation()


@pytest.mark.parametrize("name", sorted(ENGINES))
def test_close_leaves_nothing_behind(name, monkeypatch):
    monkeypatch.syspath_prepend(str(WORK))
    before, children_before = len(os.listdir("/proc/self/fd")), children()
    engine = ENGINES[name]()
    run(engine, [chunk(1, [b"plain:", b"abort:"]), chunk(2, [b"plain:"])])
    events = engine.run("isolated_work:chunk", [chunk(3, [b"hang:"])] * 2, lambda q: q, LIGHT, ())
    del events
    started_s = time.monotonic()
    engine.close()
    engine.close()
    assert time.monotonic() - started_s < 1
    assert children() == children_before
    assert len(os.listdir("/proc/self/fd")) == before
