"""A home to be troubled: the real program on it, in mounts of its own where asked for."""

from __future__ import annotations

import os
import shlex
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FIRSTLIGHT = f"{shlex.quote(sys.executable)} -m firstlight"


@dataclass(frozen=True)
class Step:
    """How one command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Place:
    """Where a test's home lies, and what it takes in."""

    home: Path
    material: Path
    list_file: Path
    out: Path

    def steps(self, script: str) -> dict[str, Step]:
        """Run a shell script in mounts of its own; ``step NAME COMMAND...`` keeps how it ended."""
        names = ["--mount"] if os.geteuid() == 0 else ["--map-root-user", "--mount"]
        head = f"""
            set -eu
            export HOME_FOLDER={shlex.quote(str(self.home))}
            material={shlex.quote(str(self.material))} list={shlex.quote(str(self.list_file))}
            out={shlex.quote(str(self.out))} firstlight={shlex.quote(FIRSTLIGHT)}
            step() {{
                name=$1; shift; code=0
                "$@" >"$out/$name.out" 2>"$out/$name.err" </dev/null || code=$?
                echo $code >"$out/$name.code"
            }}
            import() {{ step "$1" $firstlight lists import "$list" --name A \\
                --purpose investigation --algorithm sha256; }}
            ingest() {{ step "$1" $firstlight ingest "$material" --case One; }}
            verify() {{ step "$1" $firstlight verify; }}
        """
        done = subprocess.run(
            ["unshare", *names, "sh", "-c", head + script],
            env=self.environment(), capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return {
            path.stem: Step(int(path.read_text()), path.with_suffix(".out").read_text(),
                            path.with_suffix(".err").read_text())
            for path in self.out.glob("*.code")
        }  # fmt: skip

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of the program."""
        return {
            **os.environ, "FIRSTLIGHT_HOME": str(self.home), "FIRSTLIGHT_REASON": "test",
            "FIRSTLIGHT_WORKERS": "1", **more,
        }  # fmt: skip

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Start the program."""
        return subprocess.Popen(
            [sys.executable, "-m", "firstlight", *arguments],
            env=self.environment(**more), text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def call(self, *arguments: str, **more: str) -> Step:
        """Run the program."""
        process = self.start(*arguments, **more)
        out, err = process.communicate(timeout=120)
        return Step(process.returncode, out, err)

    def ingest(self, **more: str) -> Step:
        """Take the material in."""
        return self.call("ingest", str(self.material), "--case", "One", **more)

    def read(self, query: str) -> list[tuple[object, ...]]:
        """Ask the store's file."""
        connection = sqlite3.connect(f"file:{self.home}/store.sqlite?mode=ro", uri=True, timeout=5)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def recorded(self) -> int:
        """How many items are on record."""
        try:
            return int(str(self.read("SELECT count(*) FROM sighting")[0][0]))
        except sqlite3.OperationalError:
            return 0
