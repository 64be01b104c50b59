"""What a command costs with everything that it starts: wall clock, processor time, memory.

This file is also the watcher itself: a small process that starts the command, takes in every
process that loses its parent (a worker that is ended leaves its exiftool behind), and so misses
nobody's processor time.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

PR_SET_CHILD_SUBREAPER = 36
POLL_S = 0.01
KIB = 1024
WATCHER_FAILED = 99


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command came to.

    Args:
        wall_s: From its start to the end of the process that was started.
        cpu_s: Processor time of the whole tree, children of children included.
        peak_bytes: Largest sum of proportional set sizes over the tree that was seen; 0 unless
            memory was sampled.
        peak_main_bytes: Largest proportional set size of the first process.
        code: Exit code.
        output: Standard output.
    """

    wall_s: float
    cpu_s: float
    peak_bytes: int
    peak_main_bytes: int
    code: int
    output: bytes


def run_tree(
    command: Sequence[str], environment: Mapping[str, str], *, sample_s: float | None = None
) -> Cost:
    """Run a command to its end and add up its tree.

    Args:
        sample_s: How often memory is looked at; None for never.

    Raises:
        SystemExit: The watcher failed.
    """
    with tempfile.TemporaryFile() as output, tempfile.NamedTemporaryFile() as account:
        watcher = subprocess.run(
            [sys.executable, __file__, account.name, str(sample_s or 0), *command],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if watcher.returncode:
            raise SystemExit("the watcher of a measured command failed")
        output.seek(0)
        return Cost(**json.load(account), output=output.read())


def _descendants(pid: int) -> Iterator[int]:
    waiting = [pid]
    while waiting:
        pid = waiting.pop()
        yield pid
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children") as file:
                    waiting += map(int, file.read().split())
        except OSError:
            continue


def _proportional_bytes(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("Pss:")) * KIB
    except (OSError, StopIteration):
        return 0


def _sample(root: int) -> tuple[int, int]:
    """Return the memory of all processes below this one, and of the first of them."""
    own = os.getpid()
    sizes = {pid: _proportional_bytes(pid) for pid in _descendants(own) if pid != own}
    return sum(sizes.values()), sizes.get(root, 0)


def _watch(sample_s: float, command: list[str]) -> dict[str, float | int]:
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise SystemExit(WATCHER_FAILED)
    peaks = (0, 0)
    started_s = sampled_s = time.monotonic()
    root = os.posix_spawnp(command[0], command, os.environ)
    code = None
    while code is None:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == root:
            code = os.waitstatus_to_exitcode(status)
        elif not pid:
            time.sleep(POLL_S)
        if sample_s and time.monotonic() - sampled_s >= sample_s:
            peaks = tuple(map(max, peaks, _sample(root)))
            sampled_s = time.monotonic()
    wall_s = time.monotonic() - started_s
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "wall_s": wall_s,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_bytes": peaks[0],
        "peak_main_bytes": peaks[1],
        "code": code,
    }


if __name__ == "__main__":
    account_path, given_sample_s, *given_command = sys.argv[1:]
    found = _watch(float(given_sample_s), given_command)
    with open(account_path, "w") as account_file:
        json.dump(found, account_file)
