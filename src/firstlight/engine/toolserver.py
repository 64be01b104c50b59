"""Starts outside programs for a worker that may not start any itself.

A worker forks it before it locks itself in. It reads no content: it starts the named program on
descriptors that the worker sends (pipes, and the content), says how it ended, and dies with the
worker, as the programs die with it.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import subprocess
from functools import partial
from typing import Any, Protocol

import msgpack

from firstlight.engine import linux
from firstlight.engine.isolation import lock_tool_server, prepare_filter
from firstlight.engine.system_call import SystemCallFilter

MESSAGE_MAX_BYTES = 1 << 16
CONNECTION_DESCRIPTOR = 3
CONTENT_DESCRIPTOR = 9
CONTENT_PATH = f"/proc/self/fd/{CONTENT_DESCRIPTOR}"
END_WAIT_S = 2.0
RUNNING_MAX = 4
LONG_LIVED = frozenset({"exiftool"})
LONG_LIVED_CPU_S = 3600
FIRST_ARGUMENTS = {"exiftool": ("-config", "")}
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


class ProgramStarter(Protocol):
    """Starts programs by name: here, or in a tool server."""

    def start(self, program: str, arguments: list[str], descriptors: dict[str, int]) -> int:
        """Start one; returns its number."""
        ...

    def end(self, number: int, *, is_killed: bool) -> int:
        """End one; returns its exit code."""
        ...


class Spawner:
    """Starts and ends programs.

    Args:
        programs: Command by name; no other can be started.
        cpu_s: Processor time of one process.
        calls: A prepared filter, which takes new processes away from the programs.
    """

    def __init__(
        self, programs: dict[str, list[str]], cpu_s: int, calls: SystemCallFilter | None
    ) -> None:
        self._programs = programs
        self._cpu_s = cpu_s
        self._calls = calls
        self._parent = os.getpid()
        self._null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        os.dup2(self._null, CONTENT_DESCRIPTOR, inheritable=False)
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        if calls is not None:
            calls.refuse_processes()
            calls.refuse_signals()

    def start(self, program: str, arguments: list[str], descriptors: dict[str, int]) -> int:
        """Start a program; returns its number.

        Args:
            descriptors: ``stdin``, ``stdout``, ``stderr`` (null where not given) and ``content``,
                which the program finds under ``CONTENT_PATH``.

        Raises:
            OSError: It cannot be started.
        """
        if len(self._running) >= RUNNING_MAX:
            raise OSError("too many programs")
        os.dup2(descriptors.get("content", self._null), CONTENT_DESCRIPTOR, inheritable=False)
        try:
            process = subprocess.Popen(  # noqa: S603 - programs of ours, names never from a source
                [*self._programs[program], *FIRST_ARGUMENTS.get(program, ()), *arguments],
                stdin=descriptors.get("stdin", self._null),
                stdout=descriptors.get("stdout", self._null),
                stderr=descriptors.get("stderr", self._null),
                pass_fds=[CONTENT_DESCRIPTOR],
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
                preexec_fn=partial(self._confine, program),  # noqa: PLW1509 - this process has one thread
            )
        finally:
            os.dup2(self._null, CONTENT_DESCRIPTOR, inheritable=False)
        self._running[process.pid] = process
        return process.pid

    def _confine(self, program: str) -> None:
        cpu_s = LONG_LIVED_CPU_S if program in LONG_LIVED else self._cpu_s
        linux.die_with_parent(self._parent)
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if self._calls is not None:
            self._calls.load()

    def end(self, number: int, *, is_killed: bool) -> int:
        """Wait a little for a program to end, or kill it; returns its exit code."""
        process = self._running.pop(number)
        if not is_killed:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(END_WAIT_S)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(number, signal.SIGKILL)
        return process.wait()

    def end_all(self) -> None:
        """Kill what runs."""
        for number in list(self._running):
            self.end(number, is_killed=True)


class SpawnerClient:
    """The worker's end: the same two calls, carried to the tool server."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def start(self, program: str, arguments: list[str], descriptors: dict[str, int]) -> int:
        """See ``Spawner.start``."""
        request = ["start", program, arguments, list(descriptors)]
        number = self._call(request, list(descriptors.values()))
        if not isinstance(number, int):
            raise OSError("the program could not be started")
        return number

    def end(self, number: int, *, is_killed: bool) -> int:
        """See ``Spawner.end``."""
        code = self._call(["end", number, is_killed], [])
        return code if isinstance(code, int) else -signal.SIGKILL

    def report(self) -> dict[str, bool]:
        """Return what the tool server says first: its locks."""
        report: dict[str, bool] = self._receive()
        return report

    def _call(self, request: list[Any], descriptors: list[int]) -> Any:
        message = msgpack.packb(request)
        try:
            socket.send_fds(self._connection, [message], descriptors)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise ToolServerGoneError from error
        return self._receive()

    def _receive(self) -> Any:
        try:
            data = self._connection.recv(MESSAGE_MAX_BYTES)
        except ConnectionResetError as error:
            raise ToolServerGoneError from error
        if not data:
            raise ToolServerGoneError
        return msgpack.unpackb(data)


class ToolServerGoneError(BaseException):
    """The tool server died. Nobody on the way may take this for a fault of the item."""


def fork_tool_server(start: dict[str, Any]) -> SpawnerClient:
    """Fork a tool server from this process, which must still be small and have one thread."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    parent = os.getpid()
    if os.fork():
        theirs.close()
        return SpawnerClient(ours)
    code = 1
    try:
        linux.die_with_parent(parent)
        os.dup2(theirs.fileno(), CONNECTION_DESCRIPTOR, inheritable=False)
        os.closerange(CONNECTION_DESCRIPTOR + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        serve_tools(socket.socket(fileno=CONNECTION_DESCRIPTOR), start)
        code = 0
    finally:
        os._exit(code)


def serve_tools(connection: socket.socket, start: dict[str, Any]) -> None:
    """Lock this process in, say so, and start programs until the worker is gone."""
    own_calls, program_calls = prepare_filter(), prepare_filter()
    spawner = Spawner(start["programs"], start["program_cpu_s"], program_calls)
    connection.send(msgpack.packb(lock_tool_server(start, own_calls)))
    try:
        while True:
            data, descriptors, _, _ = socket.recv_fds(connection, MESSAGE_MAX_BYTES, 4)
            if not data:
                return
            try:
                reply = _obey(spawner, msgpack.unpackb(data), descriptors)
            finally:
                for descriptor in descriptors:
                    os.close(descriptor)
            connection.send(msgpack.packb(reply))
    finally:
        spawner.end_all()


def _obey(spawner: Spawner, request: list[Any], descriptors: list[int]) -> int | None:
    kind, *rest = request
    try:
        if kind == "start":
            program, arguments, roles = rest
            return spawner.start(program, arguments, dict(zip(roles, descriptors, strict=True)))
        number, is_killed = rest
        return spawner.end(number, is_killed=is_killed)
    except (OSError, KeyError, subprocess.SubprocessError):
        return None
