"""Outside programs for a worker: ffmpeg and ffprobe once each, exiftool as a long-lived child.

A program gets the content as a descriptor under a fixed path of ours. No name from a source ever
reaches a program or its arguments.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from firstlight.engine.exiftool import ANSWER_MAX_BYTES, ExiftoolChild
from firstlight.engine.output import Output, read_outputs
from firstlight.engine.toolserver import (
    CONTENT_PATH,
    ProgramStarter,
    SpawnerClient,
    fork_tool_server,
)
from firstlight.errors import LimitError, WorkerLostError

if TYPE_CHECKING:
    from firstlight.model.ports import ToolOutput

STDERR_MAX_BYTES = 1 << 16
CONTENT_KEPT_BYTES = 1 << 25
COPIED_MAX_BYTES = 1 << 26
EXIFTOOL_CALLS_MAX = 1000


class Tools:
    """Implements the ``ToolHost`` port.

    Args:
        starter: Who starts the programs.
        programs: Names of those that are there.
        exiftool_arguments: How exiftool is asked about every content.
        tick: Called about once a second while a program is waited for.
    """

    def __init__(
        self,
        starter: ProgramStarter,
        programs: Sequence[str],
        exiftool_arguments: Sequence[str],
        tick: Callable[[], None],
    ) -> None:
        self._starter = starter
        self._programs = frozenset(programs)
        self._exiftool_arguments = _without_config(list(exiftool_arguments))
        self._tick = tick
        self._content = os.memfd_create("content", os.MFD_CLOEXEC)
        self._exiftool: ExiftoolChild | None = None
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
        if code == -signal.SIGXCPU:
            raise LimitError(f"{program} took too much processor time")
        if code < 0:
            raise WorkerLostError(f"{program} was ended by {_signal_name(code)}")
        return ToolOutput(stdout, stderr, code)

    def _run(
        self, program: str, given: list[str], content: int, deadline_s: float, limit_bytes: int
    ) -> tuple[bytes, bytes, int]:
        out, err = Output(limit_bytes), Output(STDERR_MAX_BYTES, is_cut=True)
        try:
            number = self._start(
                program,
                given,
                {"stdout": out.their_end, "stderr": err.their_end, "content": content},
            )
            is_done = False
            try:
                out.close_their_end()
                err.close_their_end()
                read_outputs((out, err), deadline_s, self._tick, program)
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
            limit_bytes = ANSWER_MAX_BYTES
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
            child = self._exiftool = ExiftoolChild(self._starter, self._start, self._content)
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


def _without_config(arguments: list[str]) -> list[str]:
    return arguments[2:] if arguments[:1] == ["-config"] else arguments


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


def open_tools(start: Mapping[str, Any], tick: Callable[[], None]) -> tuple[Tools, SpawnerClient]:
    """Start a tool server and return a worker's tools.

    To be called before the worker is locked, while it is small and has one thread.
    """
    client = fork_tool_server(dict(start))
    return Tools(client, list(start["programs"]), start["exiftool_arguments"], tick), client
