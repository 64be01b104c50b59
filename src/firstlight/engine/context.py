"""What a work function has at hand inside a worker: the worker's end of the conversation."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from firstlight.engine.frame import (
    FROM_WORKER_MAX_BYTES,
    TO_WORKER_MAX_BYTES,
    FrameReader,
    pack_frame,
)
from firstlight.errors import LimitError

if TYPE_CHECKING:
    from firstlight.model.ports import Plain, ToolHost

RECEIVE_BYTES = 1 << 18


class MainGoneError(Exception):
    """The main process closed the conversation: the worker has nothing left to do."""


class Channel:
    """Frames to and from the main process."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reader = FrameReader(TO_WORKER_MAX_BYTES)
        self._answers: dict[int, Plain] = {}
        self._asked = 0
        self._answered = 0
        self._tasks: deque[Plain] = deque()

    def send(self, message: Plain) -> None:
        """Send a message; it is with the main process even if this one crashes right after.

        Raises:
            LimitError: It is longer than the main process would take.
        """
        frame = pack_frame(message)
        if len(frame) > FROM_WORKER_MAX_BYTES:
            raise LimitError("the account of an item is too long")
        self._connection.sendall(frame)

    def next_task(self) -> Plain:
        """Wait for the next message that is no answer; what was asked before is forgotten."""
        self._answers.clear()
        while not self._tasks:
            self._receive()
        return self._tasks.popleft()

    def ask(self, question: Plain) -> int:
        """Send a question; returns its number."""
        self.send(["ask", question])
        self._asked += 1
        return self._asked

    def answer_to(self, number: int) -> Plain:
        """Wait for the answer to a question; tasks that come meanwhile wait."""
        while number not in self._answers:
            self._receive()
        return self._answers.pop(number)

    def _receive(self) -> None:
        data = self._connection.recv(RECEIVE_BYTES)
        if not data:
            raise MainGoneError
        for message in self._reader.feed(data):
            if message[0] == "answer":
                self._answered += 1
                self._answers[self._answered] = message[1]
            else:
                self._tasks.append(message)


class Context:
    """The ``WorkContext`` of one attempt at a task.

    Args:
        settings: What the run gave every worker.
        only: The one item that is to be done, or None for all that are left.
        ancestors: Items that hold that one, which must be opened to reach it.
        done: Items that are settled or answered for elsewhere.
    """

    def __init__(
        self,
        channel: Channel,
        tools: ToolHost,
        settings: Mapping[str, Plain],
        only: bytes | None,
        ancestors: list[bytes],
        done: list[bytes],
    ) -> None:
        self.tools = tools
        self.settings = settings
        self._channel = channel
        self._only = only
        self._ancestors = frozenset(ancestors)
        self._done = frozenset(done)
        self._open: list[bytes] = []

    def wants(self, item_key: bytes) -> bool:
        """Whether this item is still to be done."""
        if item_key in self._done:
            return False
        if self._only is None or item_key == self._only or item_key in self._ancestors:
            return True
        return self._only in self._open

    def begin(self, item_key: bytes) -> None:
        """Say that this item now stands trial; the main process knows before it returns."""
        self._open.append(item_key)
        self._channel.send(["begin", item_key])

    def tick(self) -> None:
        """Say that work goes on."""
        self._channel.send(["tick"])

    def ask(self, question: Plain) -> Plain:
        """Ask the main process and wait for its answer."""
        return self.ask_ahead(question)()

    def ask_ahead(self, question: Plain) -> Callable[[], Plain]:
        """Ask without waiting; what is returned waits for the answer, and is called once."""
        number = self._channel.ask(question)
        return lambda: self._channel.answer_to(number)

    def emit(self, item_key: bytes, result: Plain) -> None:
        """Hand over the finished account of an item."""
        self._channel.send(["emit", item_key, result])
        if item_key in self._open:
            self._open.remove(item_key)
