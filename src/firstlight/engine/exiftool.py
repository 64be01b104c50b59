"""The driver of the long-lived exiftool: one fault of it costs one content, and replaces it."""

from __future__ import annotations

import os
from collections.abc import Callable

from firstlight.engine.output import Output, read_outputs
from firstlight.engine.toolserver import ProgramStarter
from firstlight.errors import WorkerLostError

ANSWER_MAX_BYTES = 1 << 25


class ExiftoolChild:
    """One long-lived exiftool: argument lines in, one answer a question out."""

    def __init__(
        self,
        starter: ProgramStarter,
        start: Callable[[str, list[str], dict[str, int]], int],
        content: int,
    ) -> None:
        self.calls = 0
        self._starter = starter
        self._answers = Output(ANSWER_MAX_BYTES)
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
            read_outputs((self._answers,), deadline_s, tick, "exiftool", is_once=True)
            if self._answers.is_ended:
                raise WorkerLostError("exiftool died")
        return bytes(self._answers.data[: -len(mark)])

    def end(self) -> None:
        """Kill it; it has nothing to save."""
        os.close(self._stdin)
        self._answers.close()
        self._starter.end(self._number, is_killed=True)
