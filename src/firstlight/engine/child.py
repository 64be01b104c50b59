"""One worker process as the main process sees it: started, spoken to, watched, ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence

import firstlight
from firstlight.engine.frame import FROM_WORKER_MAX_BYTES, FrameReader, pack_frame
from firstlight.engine.ledger import Attempt
from firstlight.engine.worker import OUT_OF_MEMORY_EXIT
from firstlight.model.ports import Plain

RECEIVE_BYTES = 1 << 18
EXIT_WAIT_S = 0.5
POLL_S = 0.002
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def import_path() -> list[str]:
    """Return where workers import from: our own path, without a current folder that may be
    somebody's material."""
    here = os.path.realpath(".")
    asked = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    kept = {os.path.realpath(entry) for entry in asked if entry}
    kept.add(os.path.dirname(os.path.dirname(os.path.realpath(firstlight.__file__))))
    path = [os.path.abspath(entry) for entry in sys.path if entry]
    return [entry for entry in path if os.path.realpath(entry) != here or here in kept]


def worker_environment() -> dict[str, str]:
    """Return the few variables that a worker gets; nothing secret of ours is among them."""
    linking = os.environ.get("LD_LIBRARY_PATH")
    return ({"LD_LIBRARY_PATH": linking} if linking else {}) | {
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": "/nonexistent",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(import_path()),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
    }


class Child:
    """A worker process and the attempts that it holds.

    Args:
        start: The first message it gets.
        command: What to run in place of our own worker (tests).
    """

    def __init__(self, start: Plain, command: Sequence[str] | None = None) -> None:
        ours, theirs = socket.socketpair()
        command = command or (sys.executable, "-P", "-m", "firstlight.engine.worker")
        try:
            self.process = subprocess.Popen(  # noqa: S603 - our own interpreter, fixed arguments
                [*command, str(theirs.fileno()), str(os.getpid())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=worker_environment(),
                cwd="/",
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.setblocking(False)
        self.connection = ours
        self.attempts: deque[Attempt] = deque()
        self.is_ready = False
        self.is_fresh = True
        self.heard_at_s = time.monotonic()
        self._signs = 0
        self._cpu_signs = -1
        self._cpu_base_s = 0.0
        self._reader = FrameReader(FROM_WORKER_MAX_BYTES)
        self._outgoing = bytearray()
        self.send(start)

    def send(self, message: Plain) -> None:
        """Send without waiting; what the socket will not take now goes with ``push``."""
        self._outgoing += pack_frame(message)
        self.push()

    def push(self) -> None:
        """Send on what waits."""
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            while self._outgoing:
                sent = self.connection.send(self._outgoing)
                del self._outgoing[:sent]

    def waiting_bytes(self) -> int:
        """Bytes that wait for the socket."""
        return len(self._outgoing)

    def give(self, attempt: Attempt) -> None:
        """Hand over an attempt."""
        if not self.attempts:
            self.note_sign()
        self.attempts.append(attempt)
        self.is_fresh = False
        self.send(attempt.message())

    def receive(self) -> Iterator[Plain] | None:
        """Return the messages that have come, or None when the worker has closed.

        Raises:
            FrameError: (while they are gone through) It sent what is no frame.
        """
        try:
            data = self.connection.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return iter(())
        except ConnectionResetError:
            return None
        if not data:
            return None
        self.note_sign()
        return self._reader.feed(data)

    def note_sign(self) -> None:
        """Note a sign of life."""
        self.heard_at_s = time.monotonic()
        self._signs += 1

    def is_silent(self, wall_s: float) -> bool:
        """Whether it has given no sign of life for longer than this."""
        return time.monotonic() - self.heard_at_s > wall_s

    def is_spinning(self, cpu_s: float) -> bool:
        """Whether it has used more processor time than this since its last sign of life.

        Cost: one small read of /proc; the clock starts at the first call after a sign.
        """
        used_s = self._cpu_used_s()
        if self._cpu_signs != self._signs:
            self._cpu_signs, self._cpu_base_s = self._signs, used_s
        return used_s - self._cpu_base_s > cpu_s

    def _cpu_used_s(self) -> float:
        try:
            with open(f"/proc/{self.process.pid}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S

    def hang_up(self) -> None:
        """Close the conversation; a worker at rest then ends by itself."""
        self.connection.close()

    def end(self, wait_s: float = 0.0) -> str:
        """End it: give it this long to leave by itself, then kill its whole session.

        Returns:
            How it ended, as far as it did by itself: ``SIGSEGV``, ``exit 0``, ``memory``.
        """
        self.hang_up()
        deadline_s = time.monotonic() + wait_s
        while not (is_ended := self._is_ended()) and time.monotonic() < deadline_s:
            time.sleep(POLL_S)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        code = self.process.wait()
        return _describe(code) if is_ended else "killed"

    def _is_ended(self) -> bool:
        flags = os.WEXITED | os.WNOWAIT | os.WNOHANG
        return os.waitid(os.P_PID, self.process.pid, flags) is not None


def _describe(code: int) -> str:
    if code == OUT_OF_MEMORY_EXIT:
        return "memory"
    if code >= 0:
        return f"exit {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"


def verdict(how: str) -> tuple[str, str]:
    """Return code and reason of a loss, from how the worker ended by itself."""
    if how == "memory":
        return "worker-memory", "the worker ran out of memory"
    if how == "killed":
        return "worker-lost", "the worker closed the conversation"
    if how.startswith("exit"):
        return "worker-lost", f"the worker ended by itself ({how})"
    return "worker-crashed", f"the worker was ended by {how}"
