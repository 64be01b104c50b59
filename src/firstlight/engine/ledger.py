"""Which items of which task are settled, and what is to be tried again: no processes here.

A task is tried as one *attempt*. When a worker is lost, the item under trial is held apart: the
rest of its task becomes one new attempt, the suspect alone another, in a fresh worker. Only a
suspect that costs that worker too is given up as lost.

An item that holds others (an archive) is begun before them and emitted after them; while it is
open, a suspect among its members is tried again through it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from firstlight.engine.message import ProtocolError
from firstlight.errors import InternalError
from firstlight.model.ports import Completed, EngineEvent, Finished, Lost, Plain, Task

IDLE_LOSSES_MAX = 3
LOSSES_MAX = 500
STUCK_MAX = 2
OPEN_MAX = 1 << 16
NO_ACCOUNT = "the worker gave no account of this item"


@dataclass(slots=True, eq=False)
class TaskState:
    """What is known of one task.

    Args:
        settled: Items that are finished or lost.
        held: Suspects that have, or wait for, an attempt of their own.
        attempts: Attempts that wait or run.
        idle_losses: Losses in a row without an item under trial and without progress.
        stuck: Losses at an item that was not to be tried again: the work cannot get round it.
    """

    task: Task
    settled: set[bytes] = field(default_factory=set)
    held: set[bytes] = field(default_factory=set)
    attempts: int = 0
    losses: int = 0
    idle_losses: int = 0
    stuck: int = 0


@dataclass(slots=True, eq=False)
class Attempt:
    """One go of a worker at a task.

    Args:
        only: The suspect that is tried alone; None for everything that is left.
        ancestors: Items that must be opened to reach the suspect.
        open_keys: Items begun and not yet accounted for, in order.
        is_progressed: Whether any item was settled in it.
    """

    state: TaskState
    only: bytes | None = None
    ancestors: tuple[bytes, ...] = ()
    open_keys: list[bytes] = field(default_factory=list)
    is_progressed: bool = False

    def message(self) -> Plain:
        """Return what the worker is told."""
        state = self.state
        done = state.settled | state.held
        done.difference_update(
            self.ancestors if self.only is None else (*self.ancestors, self.only)
        )
        task = state.task
        return ["task", task.task_id, task.payload, self.only, list(self.ancestors), list(done)]


class Ledger:
    """The tasks of one run.

    Args:
        tasks: Drawn one at a time, when a worker is free for it.
    """

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._tasks: Iterator[Task] | None = iter(tasks)
        self._waiting: deque[Attempt] = deque()
        self._suspects: deque[Attempt] = deque()
        self._open_tasks = 0
        self.events: deque[EngineEvent] = deque()

    def has_suspect(self) -> bool:
        """Whether a suspect waits for a fresh worker."""
        return bool(self._suspects)

    def has_work(self) -> bool:
        """Whether an ordinary attempt waits; draws a task where none does."""
        if not self._waiting and self._tasks is not None:
            task = next(self._tasks, None)
            if task is None:
                self._tasks = None
            else:
                self._open_tasks += 1
                self._queue(Attempt(TaskState(task)))
        return bool(self._waiting)

    def is_finished(self) -> bool:
        """Whether every task is drawn and completed."""
        return self._tasks is None and not self._open_tasks

    def take_suspect(self) -> Attempt:
        """Return the next attempt for a fresh worker."""
        return self._suspects.popleft()

    def take(self) -> Attempt:
        """Return the next ordinary attempt."""
        return self._waiting.popleft()

    def give_back(self, attempt: Attempt) -> None:
        """Put an attempt that no worker began back to the front."""
        attempt.open_keys.clear()
        (self._waiting if attempt.only is None else self._suspects).appendleft(attempt)

    def begin(self, attempt: Attempt, key: bytes) -> None:
        """Note that an item now stands trial."""
        if len(attempt.open_keys) >= OPEN_MAX:
            raise ProtocolError("too many items begun")
        attempt.open_keys.append(key)

    def emit(self, attempt: Attempt, key: bytes, result: Plain) -> None:
        """Take an item's account; one that another attempt answers for is passed over."""
        if key in attempt.open_keys:
            attempt.open_keys.remove(key)
        if self._is_answerable(attempt, key):
            self._settle(attempt, key, Finished(attempt.state.task.task_id, key, result))

    def finish(self, attempt: Attempt) -> None:
        """Close an attempt that the worker says is done; what it left open is lost."""
        for key in (*attempt.open_keys, *([] if attempt.only is None else [attempt.only])):
            self._lose(attempt, key, "worker-lost", NO_ACCOUNT)
        self._close(attempt)

    def fail(self, attempt: Attempt, reason: str) -> None:
        """An exception escaped the work function: the item under trial is lost, the rest goes on.

        Raises:
            InternalError: It keeps happening with no item under trial.
        """
        self._strike(attempt, "internal", reason, is_final=True)

    def lose(self, attempt: Attempt, code: str, reason: str) -> None:
        """The worker is gone: hold the item under trial apart, and queue what is left.

        Raises:
            InternalError: It keeps happening with no item under trial.
        """
        self._strike(attempt, code, reason, is_final=False)

    def _strike(self, attempt: Attempt, code: str, reason: str, *, is_final: bool) -> None:
        state = attempt.state
        state.losses += 1
        suspect = attempt.open_keys[-1] if attempt.open_keys else None
        if attempt.only is not None and (
            suspect is None or suspect == attempt.only or suspect in attempt.ancestors
        ):
            self._lose(attempt, attempt.only, code, reason)
        elif suspect is None:
            self._count_idle(attempt, reason)
            self._queue(Attempt(state))
        else:
            state.stuck += suspect in state.settled or suspect in state.held
            if is_final:
                self._lose(attempt, suspect, code, reason)
            else:
                self._hold(attempt, suspect)
            if attempt.only is not None or not self._is_exhausted(state):
                self._queue(Attempt(state, attempt.only, attempt.ancestors))
        if state.losses > LOSSES_MAX or state.stuck > STUCK_MAX:
            self._give_up(attempt)
        self._close(attempt)

    def _hold(self, attempt: Attempt, suspect: bytes) -> None:
        state = attempt.state
        if not self._is_answerable(attempt, suspect):
            return
        known = suspect in state.task.item_keys
        ancestors = () if known else tuple(dict.fromkeys(attempt.open_keys[:-1]))
        state.held.add(suspect)
        self._queue(Attempt(state, suspect, ancestors))

    def _queue(self, attempt: Attempt) -> None:
        attempt.state.attempts += 1
        (self._waiting if attempt.only is None else self._suspects).append(attempt)

    def _count_idle(self, attempt: Attempt, reason: str) -> None:
        state = attempt.state
        state.idle_losses = 0 if attempt.is_progressed else state.idle_losses + 1
        if state.idle_losses >= IDLE_LOSSES_MAX:
            raise InternalError(f"a worker was lost again and again outside any item: {reason}")

    def _is_exhausted(self, state: TaskState) -> bool:
        keys = state.task.item_keys
        return bool(keys) and all(key in state.settled or key in state.held for key in keys)

    def _is_answerable(self, attempt: Attempt, key: bytes) -> bool:
        if key == attempt.only:
            return key not in attempt.state.settled
        state = attempt.state
        return key not in attempt.ancestors and key not in state.settled and key not in state.held

    def _lose(self, attempt: Attempt, key: bytes, code: str, reason: str) -> None:
        if self._is_answerable(attempt, key):
            self._settle(attempt, key, Lost(attempt.state.task.task_id, key, code, reason))

    def _settle(self, attempt: Attempt, key: bytes, event: EngineEvent) -> None:
        attempt.state.settled.add(key)
        attempt.state.held.discard(key)
        attempt.is_progressed = True
        self.events.append(event)

    def _give_up(self, attempt: Attempt) -> None:
        state = attempt.state
        for queue in (self._waiting, self._suspects):
            for other in [waiting for waiting in queue if waiting.state is state]:
                queue.remove(other)
                state.attempts -= 1
        unsettled = [*state.held, *(k for k in state.task.item_keys if k not in state.settled)]
        for key in dict.fromkeys(unsettled):
            state.settled.add(key)
            reason = "too many workers were lost on one task"
            self.events.append(Lost(state.task.task_id, key, "worker-lost", reason))
        state.held.clear()

    def _close(self, attempt: Attempt) -> None:
        state = attempt.state
        state.attempts -= 1
        if state.attempts:
            return
        for key in state.task.item_keys:
            self._lose(Attempt(state), key, "worker-lost", NO_ACCOUNT)
        self._open_tasks -= 1
        self.events.append(Completed(state.task.task_id))
