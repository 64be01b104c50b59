"""Progress on standard error: files/s, bytes/s, time left, known / new / failed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from firstlight.app.progress import Progress

INTERVAL_TERMINAL_S = 0.25
INTERVAL_PLAIN_S = 10.0


@contextmanager
def progress_line(is_wanted: bool) -> Iterator[Callable[[Progress], None]]:
    """Give a callback that shows progress at most a few times a second."""
    on_terminal = sys.stderr.isatty()
    interval_s = INTERVAL_TERMINAL_S if on_terminal else INTERVAL_PLAIN_S
    state = {"last": time.monotonic(), "shown": 0.0}

    def show(progress: Progress) -> None:
        now = time.monotonic()
        if not is_wanted or now - state["last"] < interval_s:
            return
        state["last"] = now
        state["shown"] = 1.0
        end = "\x1b[K\r" if on_terminal else "\n"
        sys.stderr.write(describe(progress) + end)
        sys.stderr.flush()

    try:
        yield show
    finally:
        if on_terminal and state["shown"]:
            sys.stderr.write("\x1b[K")
            sys.stderr.flush()


def describe(progress: Progress) -> str:
    """Put progress into one line."""
    files_s = progress.files_done / max(progress.elapsed_s, 1e-6)
    megabytes_s = progress.bytes_done / 1e6 / max(progress.elapsed_s, 1e-6)
    left = "?" if progress.left_s is None else _duration(progress.left_s)
    return (
        f"{progress.stage}: {progress.files_done}/{progress.files_total} files, "
        f"{files_s:.0f} files/s, {megabytes_s:.1f} MB/s, {left} left, "
        f"known {progress.known} / new {progress.new} / failed {progress.failed}"
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


@contextmanager
def counting_line(what: str, is_wanted: bool) -> Iterator[Callable[[int], None]]:
    """Give a callback that shows a growing count on standard error."""
    on_terminal = sys.stderr.isatty()
    interval_s = INTERVAL_TERMINAL_S if on_terminal else INTERVAL_PLAIN_S
    state = {"started": time.monotonic(), "last": time.monotonic()}

    def show(count: int) -> None:
        now = time.monotonic()
        if not is_wanted or now - state["last"] < interval_s:
            return
        state["last"] = now
        rate = count / max(now - state["started"], 1e-6)
        end = "\x1b[K\r" if on_terminal else "\n"
        sys.stderr.write(f"{count:,} {what}, {rate:,.0f} a second{end}")
        sys.stderr.flush()

    yield show
    if on_terminal:
        sys.stderr.write("\x1b[K")
        sys.stderr.flush()
