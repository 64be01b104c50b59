"""The engine of one machine: a supervised pool of isolated worker processes.

A worker that crashes, hangs or runs out of memory costs the one item that it was at; everything
else of its task is done by others. (A standard process pool loses the run.)
"""

from __future__ import annotations

import contextlib
import selectors
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from firstlight.engine.child import EXIT_WAIT_S, Child, import_path, verdict
from firstlight.engine.frame import FrameError
from firstlight.engine.ledger import Ledger
from firstlight.engine.message import ProtocolError, checked, class_name
from firstlight.engine.program import find_programs
from firstlight.errors import InternalError, PolicyError
from firstlight.model.bounds import Bounds
from firstlight.model.ports import EngineEvent, Plain, Task

START_WALL_S = 60.0
START_FAILURES_MAX = 6
START_PAUSE_S = 0.05
CHECK_S = 0.5
WAITING_MAX_BYTES = 1 << 26
EXIFTOOL_ARGUMENTS = ("-j", "-G1", "-a", "-n")
PRELOAD = ("numpy", "PIL.Image", "simplejpeg", "pi_heif", "zstandard")


@dataclass(slots=True)
class _Run:
    ledger: Ledger
    answer: Callable[[Plain], Plain]
    left_at_s: float = 0.0


class LocalPool:
    """Implements the ``Engine`` port with processes of this machine.

    An item that holds others (an archive) is to be begun before its members and emitted after
    them; then a member that is lost is tried again through it. Any message of a worker is a sign
    of life: the bounds on time hold from one sign to the next. Workers die with the thread that
    started them, so one thread uses a pool from its first run to ``close``.

    Args:
        workers: Most worker processes at a time.
        bounds: Time and memory that one item may cost.
        require_isolation: Refuse to work where a protection is not in force.
        programs: Where outside programs are (name to path), before the usual places.
        command: What to run in place of our own worker (tests).
    """

    def __init__(
        self,
        workers: int,
        bounds: Bounds,
        *,
        require_isolation: bool = False,
        programs: Mapping[str, str] | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        self._workers = workers
        self._bounds = bounds
        self._require_isolation = require_isolation
        self._programs = find_programs(programs or {})
        self._command = command
        self._children: list[Child] = []
        self._selector = selectors.PollSelector()  # no descriptor of its own
        self._start: Plain = None
        self._start_failures = 0
        self._start_not_before_s = 0.0
        self._check_s = min(CHECK_S, bounds.item_cpu_s / 4, bounds.item_wall_s / 4)
        self._checked_at_s = 0.0
        self._isolation: dict[str, bool] = {}
        self._is_running = False

    def run(
        self,
        function: str,
        tasks: Iterable[Task],
        answer: Callable[[Plain], Plain],
        settings: Mapping[str, Plain],
        readable_roots: Sequence[bytes],
    ) -> Iterator[EngineEvent]:
        """Run tasks through a work function named ``module:function``.

        A run that is left early ends the workers that are still at something.

        Raises:
            InternalError: Workers cannot be started, or are lost outside any item.
            PolicyError: Isolation is required, and this machine lacks some of it.
        """
        if self._is_running:
            raise InternalError("the pool is already at a run")
        self._prepare(function, settings, readable_roots)
        run = _Run(Ledger(tasks), answer)
        self._is_running = True
        try:
            while True:
                self._assign(run.ledger)
                while run.ledger.events:
                    yield run.ledger.events.popleft()
                if run.ledger.is_finished():
                    return
                self._turn(run)
        finally:
            self._is_running = False
            for child in [child for child in self._children if child.attempts]:
                self._retire(child, 0.0)

    def isolation(self) -> Mapping[str, bool]:
        """Which protections are in force, by name, as a worker found."""
        if not self._isolation:
            if self._start is None:
                self._prepare("firstlight.engine.worker:main", {}, ())
            run = _Run(Ledger(()), lambda question: question)
            self._add()
            while not self._isolation:
                self._turn(run)
                if not self._children and time.monotonic() >= self._start_not_before_s:
                    self._add()
        return dict(self._isolation)

    def close(self) -> None:
        """End all workers: those at rest by themselves, the others at once."""
        for child in list(self._children):
            if child.attempts:
                self._retire(child, 0.0)
            else:
                self._selector.unregister(child.connection)
                child.hang_up()
        for child in self._children:
            child.end(EXIT_WAIT_S)
        self._children.clear()

    def _prepare(
        self, function: str, settings: Mapping[str, Plain], readable_roots: Sequence[bytes]
    ) -> None:
        bounds = self._bounds
        start = {
            "function": function,
            "settings": dict(settings),
            "roots": list(readable_roots),
            "import_path": [entry.encode("utf-8", "surrogateescape") for entry in import_path()],
            "memory_bytes": bounds.worker_memory_bytes,
            "content_bytes": max(bounds.member_max_bytes, bounds.picture_max_bytes),
            "program_cpu_s": max(1, int(bounds.item_cpu_s)),
            "programs": self._programs,
            "exiftool_arguments": list(settings.get("exiftool_arguments", EXIFTOOL_ARGUMENTS)),
            "preload": list(settings.get("preload", PRELOAD)),
        }
        if start != self._start:
            self.close()
            self._isolation = {}
        self._start = start
        self._start_failures = 0

    def _add(self) -> Child:
        child = Child(["start", self._start], self._command)
        self._selector.register(child.connection, selectors.EVENT_READ, child)
        self._children.append(child)
        return child

    def _retire(self, child: Child, wait_s: float = EXIT_WAIT_S) -> str:
        self._children.remove(child)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(child.connection)
        return child.end(wait_s)

    def _assign(self, ledger: Ledger) -> None:
        self._assign_suspects(ledger)
        for child in self._children:
            if not child.attempts and ledger.has_work():
                child.give(ledger.take())
        while self._may_add() and ledger.has_work():
            self._add().give(ledger.take())
        for child in self._children:
            is_next_wanted = len(child.attempts) == 1 and child.attempts[0].only is None
            if is_next_wanted and child.is_ready and ledger.has_work():
                child.give(ledger.take())

    def _assign_suspects(self, ledger: Ledger) -> None:
        while ledger.has_suspect():
            fresh = next((child for child in self._children if child.is_fresh), None)
            if fresh is None and len(self._children) >= self._workers:
                idle = next((child for child in self._children if not child.attempts), None)
                if idle is None:
                    return
                self._retire(idle)
            if fresh is None and not self._may_add():
                return
            (fresh or self._add()).give(ledger.take_suspect())

    def _may_add(self) -> bool:
        is_due = time.monotonic() >= self._start_not_before_s
        return is_due and len(self._children) < self._workers

    def _turn(self, run: _Run) -> None:
        """Wait for workers a moment, and deal with what they say or fail to say."""
        if run.left_at_s:
            away_s = time.monotonic() - run.left_at_s
            for child in self._children:
                child.heard_at_s += away_s
        for child in self._children:
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE * bool(child.waiting_bytes()))
            if self._selector.get_key(child.connection).events != wanted:
                self._selector.modify(child.connection, wanted, child)
        for key, mask in self._selector.select(CHECK_S if self._children else START_PAUSE_S):
            child = key.data
            if mask & selectors.EVENT_WRITE:
                child.push()
            if mask & selectors.EVENT_READ:
                self._hear(child, run)
        now_s = time.monotonic()
        if now_s - self._checked_at_s >= self._check_s:
            self._checked_at_s = now_s
            self._check(run.ledger)
        run.left_at_s = time.monotonic()

    def _hear(self, child: Child, run: _Run) -> None:
        try:
            messages = child.receive()
            if messages is None:
                how = self._retire(child)
                self._bury(child, run.ledger, *verdict(how))
                return
            for message in messages:
                self._take_message(child, run, message)
        except (FrameError, ProtocolError):
            self._retire(child, 0.0)
            self._bury(child, run.ledger, "worker-crashed", "the worker broke the protocol")

    def _take_message(self, child: Child, run: _Run, message: Plain) -> None:
        kind, arguments = checked(message)
        if kind == "ready":
            child.is_ready = True
            self._isolation = {str(name): value is True for name, value in arguments[0].items()}
            self._start_failures = 0
            self._refuse_unless_isolated()
            return
        if kind == "unable":
            name, text = arguments
            raise InternalError(f"workers cannot be started: {class_name(name)}", detail=text)
        if not child.is_ready or not child.attempts:
            raise ProtocolError("spoke out of turn")
        attempt = child.attempts[0]
        if kind == "begin":
            run.ledger.begin(attempt, arguments[0])
        elif kind == "emit":
            run.ledger.emit(attempt, *arguments)
        elif kind == "ask":
            if child.waiting_bytes() > WAITING_MAX_BYTES:
                raise ProtocolError("asks without listening")
            child.send(["answer", run.answer(arguments[0])])
        elif kind == "done":
            run.ledger.finish(child.attempts.popleft())
        elif kind == "failed":
            reason = f"the work function raised {class_name(arguments[0])}"
            run.ledger.fail(child.attempts.popleft(), reason)

    def _refuse_unless_isolated(self) -> None:
        missing = sorted(name for name, is_in_force in self._isolation.items() if not is_in_force)
        if self._require_isolation and missing:
            raise PolicyError(f"workers cannot be isolated here, missing: {', '.join(missing)}")

    def _check(self, ledger: Ledger) -> None:
        bounds = self._bounds
        for child in list(self._children):
            if not child.is_ready:
                if child.is_silent(START_WALL_S):
                    self._retire(child, 0.0)
                    self._bury(child, ledger, "worker-timeout", "the worker did not start")
            elif not child.attempts:
                continue
            elif child.is_silent(bounds.item_wall_s):
                self._retire(child, 0.0)
                reason = f"no sign of life for {bounds.item_wall_s:g} s"
                self._bury(child, ledger, "worker-timeout", reason)
            elif child.is_spinning(bounds.item_cpu_s):
                self._retire(child, 0.0)
                reason = f"more than {bounds.item_cpu_s:g} s of processor time"
                self._bury(child, ledger, "worker-timeout", reason)

    def _bury(self, child: Child, ledger: Ledger, code: str, reason: str) -> None:
        """Account for what an ended worker held: its current attempt is tried again or lost."""
        queued = list(child.attempts)
        child.attempts.clear()
        if child.is_ready and queued:
            ledger.lose(queued.pop(0), code, reason)
        for attempt in reversed(queued):
            ledger.give_back(attempt)
        if not child.is_ready:
            self._start_failures += 1
            pause_s = START_PAUSE_S * 2**self._start_failures
            self._start_not_before_s = time.monotonic() + pause_s
            if self._start_failures >= START_FAILURES_MAX:
                raise InternalError(f"workers cannot be started: {reason}")
