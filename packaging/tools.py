"""Brings the outside programs: exiftool (from npm) and ffmpeg (from the system).

Nothing here is needed to go on: what cannot be had is named, and Firstlight works with less.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXIFTOOL = HERE / "exiftool"
INSTALLED = EXIFTOOL / "installed"
NODE_REQUIREMENTS = HERE / "node-requirements.txt"


def run(*command: str, cwd: Path | None = None) -> bool:
    """Run a command quietly; print its last words when it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()[-3:]
        print(f"  {command[0]} failed: {' | '.join(words)}", file=sys.stderr)
    return done.returncode == 0


def find_npm(folder: Path) -> list[str] | None:
    """Return a command for npm: the system's, or one from a wheel in a throw-away environment."""
    if npm := shutil.which("npm"):
        return [npm]
    print("no npm on this machine: bringing one from the Python registry for this step")
    node = folder / "node"
    python = node / "bin" / "python"
    made = run(sys.executable, "-m", "venv", str(node)) and run(
        str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--require-hashes", "-r", str(NODE_REQUIREMENTS),
    )  # fmt: skip
    return [str(node / "bin" / "npm")] if made else None


def bring_exiftool() -> None:
    """Install the locked exiftool beside its lock file."""
    if shutil.which("perl") is None:
        print("exiftool needs perl (system package: perl); our own reader serves meanwhile")
        return
    with tempfile.TemporaryDirectory() as name:
        npm = find_npm(Path(name))
        work = Path(name) / "work"
        work.mkdir()
        for file in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(EXIFTOOL / file, work / file)
        if npm is None or not run(*npm, "ci", "--ignore-scripts", "--no-audit", cwd=work):
            print("exiftool could not be brought; our own reader serves meanwhile")
            return
        shutil.rmtree(INSTALLED, ignore_errors=True)
        shutil.copytree(work / "node_modules" / "exiftool-vendored.pl" / "bin", INSTALLED)
    print("exiftool: installed")


def bring_ffmpeg() -> None:
    """Install ffmpeg as a system package where that is allowed; else say what to do."""
    if shutil.which("ffmpeg") and shutil.which("ffprobe"):
        print("ffmpeg: found")
        return
    apt = shutil.which("apt-get")
    if os.geteuid() == 0 and apt:
        os.environ["DEBIAN_FRONTEND"] = "noninteractive"
        if run(apt, "update", "-qq") and run(
            apt, "install", "-y", "-qq", "--no-install-recommends", "ffmpeg"
        ):
            print("ffmpeg: installed from the system's packages")
            return
    print("ffmpeg is missing (system package: ffmpeg); clips are recorded without frames")


if __name__ == "__main__":
    bring_exiftool()
    bring_ffmpeg()
