"""Outside programs for a worker: ffmpeg and ffprobe once each, exiftool as a long-lived child.

A program gets the content as a descriptor under a fixed path of ours. No name from a source ever
reaches a program or its arguments.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from firstlight.engine.toolserver import CONTENT_PATH, SpawnerClient, fork_tool_server
from firstlight.errors import LimitError, WorkerLostError

if TYPE_CHECKING:
    from firstlight.model.ports import ToolOutput

STDERR_MAX_BYTES = 1 << 16
READ_BYTES = 1 << 18
CONTENT_KEPT_BYTES = 1 << 25
COPIED_MAX_BYTES = 1 << 26
TICK_S = 1.0
EXIFTOOL_OUTPUT_MAX_BYTES = 1 << 25
EXIFTOOL_CALLS_MAX = 1000


class ProgramStarter(Protocol):
    """Starts programs by name: here, or in a tool server."""

    def start(self, program: str, arguments: list[str], descriptors: dict[str, int]) -> int:
        """Start one; returns its number."""
        ...

    def end(self, number: int, *, is_killed: bool) -> int:
        """End one; returns its exit code."""
        ...


class Tools:
    """Implements the ``ToolHost`` port.

    Args:
        starter: Who starts the programs.
        programs: Names of those that are there.
        exiftool_arguments: How exiftool is asked about every content.
        tick: Called about once a second while a program is waited for.
        locks: Which protections are in force around the programs.
    """

    def __init__(
        self,
        starter: ProgramStarter,
        programs: Sequence[str],
        exiftool_arguments: Sequence[str],
        tick: Callable[[], None],
        locks: Mapping[str, bool] | None = None,
    ) -> None:
        self._starter = starter
        self._programs = frozenset(programs)
        self._exiftool_arguments = list(exiftool_arguments)
        self._tick = tick
        self._content = os.memfd_create("content", os.MFD_CLOEXEC)
        self._exiftool: _ExiftoolChild | None = None
        self._exiftool_version: str | None = None

    def has(self, program: str) -> bool:
        """Whether a program can be run here."""
        return program in self._programs

    def run(
        self,
        program: str,
        arguments: Sequence[str],
        content: bytes | memoryview | int,
        *,
        timeout_s: float,
        output_limit_bytes: int,
    ) -> ToolOutput:
        """Run a program once. ``{input}`` in an argument becomes the content's path.

        Raises:
            LimitError: Time or output limit exceeded; or the content is too large.
            WorkerLostError: The program could not be started or died by a signal.
        """
        from firstlight.model.ports import ToolOutput

        own = None if isinstance(content, int) else self._fill(content)
        descriptor = content if isinstance(content, int) else self._content
        given = [argument.replace("{input}", CONTENT_PATH) for argument in arguments]
        with self._emptied(own):
            stdout, stderr, code = self._run(
                program, given, descriptor, time.monotonic() + timeout_s, output_limit_bytes
            )
        if code < 0:
            raise WorkerLostError(f"{program} was ended by {_signal_name(code)}")
        return ToolOutput(stdout, stderr, code)

    def _run(
        self, program: str, given: list[str], content: int, deadline_s: float, limit_bytes: int
    ) -> tuple[bytes, bytes, int]:
        out, err = _Drain(limit_bytes), _Drain(STDERR_MAX_BYTES, is_cut=True)
        try:
            number = self._start(
                program, given, {"stdout": out.their_end, "stderr": err.their_end, "content": content}
            )
            is_done = False
            try:
                out.close_their_end()
                err.close_their_end()
                _drain((out, err), deadline_s, self._tick, program)
                is_done = True
            finally:
                code = self._starter.end(number, is_killed=not is_done)
            return bytes(out.data), bytes(err.data), code
        finally:
            out.close()
            err.close()

    def _start(self, program: str, given: list[str], descriptors: dict[str, int]) -> int:
        if program not in self._programs:
            raise WorkerLostError(f"{program} is not installed")
        try:
            return self._starter.start(program, given, descriptors)
        except OSError as error:
            raise WorkerLostError(f"{program} could not be started") from error

    def exiftool(self, content: bytes | memoryview | int, *, timeout_s: float) -> bytes:
        """Ask the long-lived exiftool for all tags of one content, as its JSON output.

        Raises:
            LimitError: No answer in time, or too long an answer (the program is replaced).
            WorkerLostError: The program died (it is replaced).
        """
        if isinstance(content, int) and os.fstat(content).st_size > COPIED_MAX_BYTES:
            arguments = [*self._exiftool_arguments, "{input}"]
            limit_bytes = EXIFTOOL_OUTPUT_MAX_BYTES
            return self.run(
                "exiftool", arguments, content, timeout_s=timeout_s, output_limit_bytes=limit_bytes
            ).stdout
        with self._emptied(self._fill(content)):
            return self._ask_exiftool([*self._exiftool_arguments, CONTENT_PATH], timeout_s)

    def exiftool_version(self) -> str | None:
        """Version of the exiftool in use, None where there is none."""
        if self._exiftool_version is None and self.has("exiftool"):
            with contextlib.suppress(LimitError, WorkerLostError):
                answer = self._ask_exiftool(["-ver"], 20.0)
                self._exiftool_version = answer.decode("ascii", "replace").strip()
        return self._exiftool_version

    def _ask_exiftool(self, lines: list[str], timeout_s: float) -> bytes:
        child = self._exiftool
        if child is None or child.calls >= EXIFTOOL_CALLS_MAX:
            self.close_exiftool()
            child = self._exiftool = _ExiftoolChild(self._starter, self._start, self._content)
        try:
            return child.ask(lines, time.monotonic() + timeout_s, self._tick)
        except BaseException:
            self.close_exiftool()
            raise

    def close_exiftool(self) -> None:
        """End the long-lived exiftool; the next question starts another."""
        if self._exiftool is not None:
            child, self._exiftool = self._exiftool, None
            child.end()

    def _fill(self, content: bytes | memoryview | int) -> int:
        """Put a content into our file in memory; returns its size in bytes."""
        try:
            if isinstance(content, int):
                size_bytes = _copy(content, self._content)
            else:
                view = memoryview(content).cast("B")
                size_bytes = 0
                while size_bytes < len(view):
                    size_bytes += os.pwrite(self._content, view[size_bytes:], size_bytes)
            os.ftruncate(self._content, size_bytes)
        except OSError as error:
            raise LimitError("the content is too large for an outside program") from error
        return size_bytes

    @contextlib.contextmanager
    def _emptied(self, size_bytes: int | None) -> Any:
        try:
            yield
        finally:
            if size_bytes is not None and size_bytes > CONTENT_KEPT_BYTES:
                os.ftruncate(self._content, 0)


class _ExiftoolChild:
    """One long-lived exiftool: argument lines in, one answer a question out."""

    def __init__(
        self,
        starter: ProgramStarter,
        start: Callable[[str, list[str], dict[str, int]], int],
        content: int,
    ) -> None:
        self.calls = 0
        self._starter = starter
        self._answers = _Drain(EXIFTOOL_OUTPUT_MAX_BYTES)
        their_stdin, self._stdin = os.pipe2(os.O_CLOEXEC)
        descriptors = {
            "stdin": their_stdin, "stdout": self._answers.their_end, "content": content
        }  # fmt: skip
        try:
            self._number = start("exiftool", ["-stay_open", "True", "-@", "-"], descriptors)
        except BaseException:
            os.close(self._stdin)
            self._answers.close()
            raise
        finally:
            os.close(their_stdin)
        self._answers.close_their_end()

    def ask(self, lines: list[str], deadline_s: float, tick: Callable[[], None]) -> bytes:
        """Ask one question; the end mark holds a number that no content can know."""
        self.calls += 1
        number = int.from_bytes(os.urandom(6))
        mark = b"{ready%d}\n" % number
        question = "\n".join([*lines, f"-execute{number}", ""]).encode()
        self._answers.data.clear()
        try:
            os.write(self._stdin, question)
        except OSError as error:
            raise WorkerLostError("exiftool died") from error
        while not self._answers.data.endswith(mark):
            _drain((self._answers,), deadline_s, tick, "exiftool", is_once=True)
            if self._answers.is_ended:
                raise WorkerLostError("exiftool died")
        return bytes(self._answers.data[: -len(mark)])

    def end(self) -> None:
        """Kill it; it has nothing to save."""
        os.close(self._stdin)
        self._answers.close()
        self._starter.end(self._number, is_killed=True)


class _Drain:
    """Our end of a program's output."""

    def __init__(self, limit_bytes: int, *, is_cut: bool = False) -> None:
        self.data = bytearray()
        self.is_ended = False
        self._limit_bytes = limit_bytes
        self._is_cut = is_cut
        self.our_end, self.their_end = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self.our_end, False)

    def read(self) -> bool:
        """Read what is there; returns False once the limit is exceeded."""
        try:
            got = os.read(self.our_end, READ_BYTES)
        except BlockingIOError:
            return True
        self.is_ended = not got
        self.data += got
        if len(self.data) > self._limit_bytes:
            del self.data[self._limit_bytes :]
            return self._is_cut
        return True

    def close_their_end(self) -> None:
        """Close the program's end on our side, once the program has it."""
        if self.their_end >= 0:
            os.close(self.their_end)
            self.their_end = -1

    def close(self) -> None:
        """Close both ends."""
        self.close_their_end()
        os.close(self.our_end)


def _drain(
    drains: Sequence[_Drain],
    deadline_s: float,
    tick: Callable[[], None],
    program: str,
    *,
    is_once: bool = False,
) -> None:
    """Read outputs until all have ended (or something came, with ``is_once``).

    Raises:
        LimitError: Out of time, or too much output.
    """
    poll = select.poll()
    by_descriptor = {drain.our_end: drain for drain in drains if not drain.is_ended}
    for descriptor in by_descriptor:
        poll.register(descriptor, select.POLLIN)
    while by_descriptor:
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            raise LimitError(f"{program} took too long")
        ready = poll.poll(1000 * min(left_s, TICK_S) + 1)
        if not ready:
            tick()
        for descriptor, _ in ready:
            drain = by_descriptor[descriptor]
            if not drain.read():
                raise LimitError(f"{program} gave too much output")
            if drain.is_ended:
                poll.unregister(descriptor)
                del by_descriptor[descriptor]
        if ready and is_once:
            return


def _copy(source: int, target: int) -> int:
    size_bytes = 0
    os.lseek(target, 0, os.SEEK_SET)
    while got := os.sendfile(target, source, size_bytes, COPIED_MAX_BYTES):
        size_bytes += got
    return size_bytes


def _signal_name(code: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"


def open_tools(
    start: Mapping[str, Any], tick: Callable[[], None]
) -> tuple[Tools, SpawnerClient]:
    """Start a tool server and return a worker's tools; call it before the worker is locked."""
    client = fork_tool_server(dict(start))
    return Tools(client, list(start["programs"]), start["exiftool_arguments"], tick), client
