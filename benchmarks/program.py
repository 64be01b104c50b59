"""The installed program in a home of its own, started as a user starts it."""

from __future__ import annotations

import atexit
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.sample import mixed_files
from benchmarks.tree import Cost, run_tree

PROGRAM = str(Path(sys.executable).with_name("firstlight"))
CASE = "benchmark"
WORKERS = 2
SAMPLE_S = 0.5
DONE, DONE_BUT_SOME_FAILED = 0, 3


@dataclass(frozen=True, slots=True)
class Program:
    """The program with one home.

    Args:
        words: How it is started.
    """

    home: Path
    words: tuple[str, ...] = (PROGRAM,)

    @property
    def environment(self) -> dict[str, str]:
        """Return what the program is started with: nobody's own settings take part."""
        kept = {name: text for name, text in os.environ.items() if "FIRSTLIGHT" not in name}
        return {
            **kept,
            "FIRSTLIGHT_HOME": str(self.home),
            "FIRSTLIGHT_KEY_FILE": str(self.home.with_name("key.json")),
            "FIRSTLIGHT_REASON": "benchmark",
        }

    def run(self, *arguments: str, sample_s: float | None = None) -> Cost:
        """Run a command to its end.

        Raises:
            SystemExit: It failed.
        """
        cost = run_tree([*self.words, *arguments], self.environment, sample_s=sample_s)
        if cost.code not in (DONE, DONE_BUT_SOME_FAILED):
            raise SystemExit(f"firstlight {arguments[0]} ended with {cost.code}")
        return cost

    def ingest(self, *sources: Path, sample_s: float | None = None) -> Cost:
        """Take sources in with two workers."""
        return self.run(*ingest_arguments(*sources), sample_s=sample_s)


def ingest_arguments(*sources: Path) -> list[str]:
    """Give the command line of the measured ingest."""
    words = ["--case", CASE, "--workers", str(WORKERS), "--quiet", "--json"]
    return ["ingest", *map(str, sources), *words]


def document(cost: Cost) -> dict[str, Any]:
    """Read the JSON document that a command printed."""
    found: dict[str, Any] = json.loads(cost.output)
    return found


@contextmanager
def fresh_program(*init_options: str, words: tuple[str, ...] = (PROGRAM,)) -> Iterator[Program]:
    """Give the program with an empty home, which goes afterwards."""
    with tempfile.TemporaryDirectory(prefix="firstlight-benchmark-") as folder:
        program = Program(Path(folder) / "home", words)
        program.run("init", *init_options)
        yield program


@cache
def take_in_mixed(files: int) -> tuple[Program, Cost]:
    """Take a mixed collection in; the home stays until the benchmarks end, for the next claim."""
    kept = ExitStack()
    atexit.register(kept.close)
    program = kept.enter_context(fresh_program())
    return program, program.ingest(*mixed_files(files), sample_s=SAMPLE_S)
