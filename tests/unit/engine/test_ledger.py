"""Which item pays for a lost worker: the rules, without a process."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstlight.engine.ledger import LOSSES_MAX, Ledger
from firstlight.engine.message import ProtocolError, checked, class_name
from firstlight.errors import InternalError
from firstlight.model.ports import Completed, Finished, Lost, Task


class Scripted:
    """Plays workers: ``fates`` says per item what becomes of who tries it."""

    def __init__(self, tasks, fates):
        self.ledger = Ledger(tasks)
        self.fates = dict(fates)
        self.trials = Counter()

    def play(self):
        while True:
            if self.ledger.has_suspect():
                self.attempt(self.ledger.take_suspect())
            elif self.ledger.has_work():
                self.attempt(self.ledger.take())
            else:
                assert self.ledger.is_finished()
                return list(self.ledger.events)

    def attempt(self, attempt):
        _, _, payload, only, ancestors, done = attempt.message()
        for key in payload:
            if key in done or (only is not None and key != only and key not in ancestors):
                continue
            self.ledger.begin(attempt, key)
            self.trials[key] += 1
            fate = self.fates.get(key, "pass")
            if fate == "once":
                self.fates[key] = "pass"
            if fate in {"fatal", "once"}:
                self.ledger.lose(attempt, "worker-crashed", "SIGSEGV")
                return
            if fate == "raises":
                self.ledger.fail(attempt, "KeyError")
                return
            if fate != "silent":
                self.ledger.emit(attempt, key, "result")
        self.ledger.finish(attempt)


@given(
    st.lists(
        st.lists(st.sampled_from(["pass", "fatal", "raises", "once", "silent"]), max_size=8),
        max_size=4,
    )
)
def test_every_item_is_accounted_for_once_and_each_pays_for_itself(fates):
    named = [{b"%d.%d" % (t, i): fate for i, fate in enumerate(row)} for t, row in enumerate(fates)]
    tasks = [Task(number, list(row), tuple(row)) for number, row in enumerate(named)]
    flat = {key: fate for row in named for key, fate in row.items()}
    scripted = Scripted(tasks, flat)
    events = scripted.play()
    finished = [event.item_key for event in events if isinstance(event, Finished)]
    lost = {event.item_key: event.code for event in events if isinstance(event, Lost)}
    assert Counter(finished) == Counter(k for k, fate in flat.items() if fate in {"pass", "once"})
    codes = {"fatal": "worker-crashed", "raises": "internal", "silent": "worker-lost"}
    assert lost == {key: codes[fate] for key, fate in flat.items() if fate in codes}
    completed = [event.task_id for event in events if isinstance(event, Completed)]
    assert sorted(completed) == list(range(len(tasks)))
    wanted = {"pass": 1, "fatal": 2, "raises": 1, "once": 2}
    for key, fate in flat.items():
        assert scripted.trials[key] == wanted.get(fate, scripted.trials[key])


def started(task):
    ledger = Ledger([task])
    assert ledger.has_work()
    return ledger, ledger.take()


def test_losses_outside_any_item_end_the_run_with_a_reason():
    ledger, attempt = started(Task(1, None, (b"k",)))
    ledger.lose(attempt, "worker-crashed", "ended by SIGSEGV")
    ledger.lose(ledger.take(), "worker-crashed", "ended by SIGSEGV")
    with pytest.raises(InternalError, match="outside any item: ended by SIGSEGV"):
        ledger.lose(ledger.take(), "worker-crashed", "ended by SIGSEGV")


def test_losses_outside_any_item_are_borne_while_there_is_progress():
    keys = tuple(b"%d" % number for number in range(20))
    ledger, attempt = started(Task(1, None, keys))
    for key in keys:
        ledger.begin(attempt, key)
        ledger.emit(attempt, key, None)
        ledger.lose(attempt, "worker-crashed", "SIGSEGV")
        attempt = ledger.take()
    ledger.finish(attempt)
    assert not ledger.has_work()
    assert sum(isinstance(event, Finished) for event in ledger.events) == 20
    assert ledger.is_finished()


def test_work_that_cannot_get_round_an_item_is_given_up():
    ledger, attempt = started(Task(1, None, (b"stream",)))
    for _ in range(20):
        ledger.begin(attempt, b"stream")
        ledger.begin(attempt, b"block 7")
        ledger.lose(attempt, "worker-crashed", "SIGSEGV")
        if ledger.has_suspect():
            attempt = ledger.take_suspect()
        elif ledger.has_work():
            attempt = ledger.take()
        else:
            break
    lost = [event.item_key for event in ledger.events if isinstance(event, Lost)]
    assert lost == [b"block 7", b"stream"]
    assert ledger.is_finished()


def test_a_task_that_loses_worker_after_worker_is_given_up():
    ledger, attempt = started(Task(1, None, (b"archive",)))
    number = 0
    while attempt is not None:
        ledger.begin(attempt, b"archive")
        ledger.begin(attempt, b"member %d" % number)
        number += 1
        ledger.lose(attempt, "worker-crashed", "SIGSEGV")
        attempt = ledger.take() if ledger.has_work() else None
    assert ledger.is_finished()
    assert number == LOSSES_MAX + 1
    reasons = {event.reason for event in ledger.events if isinstance(event, Lost)}
    assert reasons == {"too many workers were lost on one task"}
    lost = [event.item_key for event in ledger.events if isinstance(event, Lost)]
    assert len(lost) == len(set(lost)) == LOSSES_MAX + 2


def test_an_item_of_another_attempt_is_not_accounted_for():
    ledger, attempt = started(Task(1, None, (b"a", b"b")))
    ledger.begin(attempt, b"a")
    ledger.lose(attempt, "worker-crashed", "SIGSEGV")
    rest, alone = ledger.take(), ledger.take_suspect()
    ledger.emit(rest, b"a", "from the wrong attempt")
    assert not ledger.events
    ledger.emit(alone, b"a", "right")
    ledger.emit(alone, b"a", "again")
    assert [event.result for event in ledger.events] == ["right"]


def test_an_attempt_that_was_not_begun_goes_back_to_the_front():
    ledger = Ledger([Task(1, None, (b"a",)), Task(2, None, (b"b",))])
    ledger.has_work()
    first = ledger.take()
    ledger.has_work()
    ledger.give_back(first)
    assert ledger.take() is first


def test_too_many_open_items_break_the_protocol(monkeypatch):
    monkeypatch.setattr("firstlight.engine.ledger.OPEN_MAX", 3)
    ledger, attempt = started(Task(1, None, ()))
    for key in (b"1", b"2", b"3"):
        ledger.begin(attempt, key)
    with pytest.raises(ProtocolError):
        ledger.begin(attempt, b"4")


@pytest.mark.parametrize(
    "message",
    [None, [], {}, b"begin", ["begin"], ["begin", "text"], ["emit", b"k"], ["done", 1],
     [["begin"], b"k"], ["ready", []], ["no such"], ["failed", b"x"], ["unable", "x"]],
)  # fmt: skip
def test_a_message_of_another_shape_breaks_the_protocol(message):
    with pytest.raises(ProtocolError):
        checked(message)


@pytest.mark.parametrize("name", ["a b", "", "x" * 65, "Ключ", "a.b", "KeyError\n"])
def test_only_a_class_name_is_repeated(name):
    assert class_name(name) == "an exception"
    assert class_name("KeyError") == "KeyError"
