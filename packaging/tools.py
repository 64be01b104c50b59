"""Brings the outside programs: exiftool (from npm), ffmpeg and makers of file systems (system).

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


SYSTEM_PACKAGES = (
    (("ffmpeg", "ffprobe"), "ffmpeg", "clips are recorded without frames"),
    (("mkfs.ext4", "debugfs"), "e2fsprogs", "no ext4 image is made for the tests and the sample"),
    (("mkntfs", "ntfscp"), "ntfs-3g", "no NTFS image is made for the tests and the sample"),
    (("openssl",), "openssl", "no time stamp service is made for the tests"),
)
"""Programs, the package that brings them, and what is missing without it."""


def bring_system_packages() -> None:
    """Install system packages where that is allowed; else say what to do."""
    missing = [row for row in SYSTEM_PACKAGES if not all(map(find_program, row[0]))]
    apt = shutil.which("apt-get")
    if missing and os.geteuid() == 0 and apt:
        os.environ["DEBIAN_FRONTEND"] = "noninteractive"
        if run(apt, "update", "-qq"):
            for _, package, _ in missing:
                run(apt, "install", "-y", "-qq", "--no-install-recommends", package)
    for programs, package, consequence in SYSTEM_PACKAGES:
        if all(map(find_program, programs)):
            print(f"{package}: found")
        else:
            print(f"{package} is missing (system package: {package}); {consequence}")


def find_program(name: str) -> str | None:
    """Look for a program, also where only administrators look."""
    places = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    return shutil.which(name, path=places)


if __name__ == "__main__":
    bring_exiftool()
    bring_system_packages()
