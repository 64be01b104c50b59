"""What an outside program puts out: read as it comes, up to a limit and a time."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Sequence

from firstlight.errors import LimitError

READ_BYTES = 1 << 18
TICK_S = 1.0


class Output:
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


def read_outputs(
    outputs: Sequence[Output],
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
    by_descriptor = {output.our_end: output for output in outputs if not output.is_ended}
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
            output = by_descriptor[descriptor]
            if not output.read():
                raise LimitError(f"{program} gave too much output")
            if output.is_ended:
                poll.unregister(descriptor)
                del by_descriptor[descriptor]
        if ready and is_once:
            return
