"""Ours and the peer's in turn, in one process tree, by processor time."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PEER_PYTHON = ROOT / ".venv-peers" / "bin" / "python"
PEER_ABSENT = "peer absent"


class Peer:
    """A script that runs in the peers' environment and answers one line a line.

    Args:
        script: Name of the file in ``benchmarks/``.
    """

    def __init__(self, script: str) -> None:
        self._child = subprocess.Popen(
            [str(PEER_PYTHON), str(Path(__file__).with_name(script))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """Let the script end."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        self._child.wait()

    def ask(self, **request: str) -> dict[str, Any]:
        """Send one request and wait for its answer."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps(request) + "\n")
        self._child.stdin.flush()
        answer: dict[str, Any] = json.loads(self._child.stdout.readline())
        return answer


def is_peer_present() -> bool:
    """Whether the peers' environment has been built (``make bench`` does)."""
    return PEER_PYTHON.exists()


def open_peer(script: str) -> Peer | None:
    """Start a peer's script, or return None where its environment is missing."""
    return Peer(script) if is_peer_present() else None


@dataclass(frozen=True, slots=True)
class Turns:
    """The least processor time of each side, and the last answers."""

    ours_s: float
    peer_s: float | None
    ours: Any
    peer: dict[str, Any] | None


def take_turns(
    ours: Callable[[], Any], peer: Peer | None, request: dict[str, str], *, turns: int
) -> Turns:
    """Let ours and the peer work in turn, and keep the least time of each.

    Args:
        ours: Does our work once, in this process; all its threads count.
        request: What the peer is asked; it times itself the same way.
        turns: How often each works.
    """
    ours_s, peer_s, ours_answer, peer_answer = [], [], None, None
    for _ in range(turns):
        started_s = time.process_time()
        ours_answer = ours()
        ours_s.append(time.process_time() - started_s)
        if peer is not None:
            peer_answer = peer.ask(**request)
            peer_s.append(peer_answer["cpu_s"])
    return Turns(min(ours_s), min(peer_s) if peer_s else None, ours_answer, peer_answer)


def make_row(claim: str, turns: Turns, *, bar: float | None, agrees: bool, note: str) -> dict:
    """Make one line of the table of claims.

    Args:
        bar: How many times faster than the peer it must be; None for a size given for scale.
        agrees: Whether both found the same, within the stated tolerance.
        note: Machine-independent remark: sizes, tolerance.
    """
    ratio = None if turns.peer_s is None else turns.peer_s / turns.ours_s
    return {
        "claim": claim,
        "ours": f"{turns.ours_s * 1e3:.2f} ms",
        "peer": PEER_ABSENT if turns.peer_s is None else f"{turns.peer_s * 1e3:.1f} ms",
        "ratio": ratio,
        "bar": bar,
        "agrees": agrees,
        "note": note,
    }


def make_bar_row(
    claim: str,
    ours: str,
    *,
    is_met: bool,
    note: str,
    ratio: float | None = None,
    bar: float | None = None,
) -> dict:
    """Make one line for a claim that has no peer.

    Args:
        is_met: Whether what was measured is within the bar that the claim's text states.
        ratio, bar: Where the bar is a factor: what was measured, and the least it must be.
    """
    return {
        "claim": claim,
        "ours": ours,
        "peer": None,
        "ratio": ratio,
        "bar": bar,
        "agrees": is_met,
        "note": note,
    }


def is_missed(row: dict) -> bool:
    """Whether a bar is missed, or the answers of both differ."""
    ratio, bar = row["ratio"], row["bar"]
    return not row["agrees"] or (ratio is not None and bar is not None and ratio < bar)


def print_rows(rows: list[dict]) -> None:
    """Print rows as a table; end with 1 when a bar is missed or the answers differ."""
    for row in rows:
        peer = "" if row["peer"] is None else f", peer {row['peer']}"
        ratio = "" if row["ratio"] is None else f", {row['ratio']:.1f}x"
        bar = "" if row["bar"] is None else f" (bar {row['bar']:g}x)"
        verdict = "MISSED" if is_missed(row) else "ok"
        print(f"{verdict:6} {row['claim']}: {row['ours']}{peer}{ratio}{bar}")
        print(f"       {row['note']}")
    sys.exit(1 if any(map(is_missed, rows)) else 0)
