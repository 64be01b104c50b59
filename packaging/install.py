"""Installs Firstlight from the unpacked bundle into a new folder; no network, nothing else needed.

    python3 install.py FOLDER

Every file is checked against SHA256SUMS first. FOLDER must be new or empty; it becomes an
environment of its own, with the program at FOLDER/bin/firstlight.
"""

from __future__ import annotations

import argparse
import ctypes.util
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUMS = "SHA256SUMS"
CHUNK_BYTES = 1 << 20
DOCUMENTS = ("LICENSE", "licences", "sbom.cdx.json", "bundle.json")
PROGRAMS = {
    "perl": "exiftool runs in it; without it our own reader reads the metadata",
    "ffmpeg": "without it videos are recorded without frames",
    "ffprobe": "without it videos are recorded without frames",
}
LIBRARIES = {
    "seccomp": "without it workers are locked in less tightly",
    "archive": "without it RAR archives are listed as not opened",
}


class InstallError(Exception):
    """Why nothing was installed."""


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def check_sums(bundle: Path) -> int:
    """Compare every file with SHA256SUMS; returns how many there are.

    Raises:
        InstallError: A file is missing, altered, or was added.
    """
    try:
        lines = (bundle / SUMS).read_text("utf-8").splitlines()
    except OSError as error:
        raise InstallError(f"{SUMS} cannot be read: {error.strerror}") from error
    expected = {name: sha256 for sha256, _, name in (line.partition("  ") for line in lines)}
    found = {
        path.relative_to(bundle).as_posix()
        for path in bundle.rglob("*")
        if path.is_symlink() or not path.is_dir()
    } - {SUMS}
    for what, names in (
        ("missing", expected.keys() - found),
        ("not part of the bundle", found - expected.keys()),
        ("damaged or altered", {
            name for name in expected.keys() & found
            if (bundle / name).is_symlink() or sha256_of(bundle / name) != expected[name]
        }),
    ):  # fmt: skip
        if names:
            raise InstallError(f"{what}: {', '.join(sorted(names)[:5])} ({len(names)} in all)")
    return len(expected)


def check_machine(bundle: Path) -> None:
    """Compare this machine with what the bundle was made for.

    Raises:
        InstallError: Another platform, or a Python that the bundle has no packages for.
    """
    made_for = json.loads((bundle / "bundle.json").read_text("utf-8"))
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    if python not in made_for["pythons"] or sys.implementation.name != "cpython":
        wanted = " or ".join(made_for["pythons"])
        raise InstallError(f"the bundle is for Python {wanted}; this is Python {python}")
    if sysconfig.get_platform() != made_for["platform"]:
        raise InstallError(
            f"the bundle is for {made_for['platform']}; this is {sysconfig.get_platform()}"
        )


def install(bundle: Path, folder: Path) -> Path:
    """Make the environment; returns the program's path.

    Raises:
        InstallError: Something is in the way, or failed; the folder is then as it was.
    """
    is_new = not folder.exists()
    if not is_new and (not folder.is_dir() or any(folder.iterdir())):
        raise InstallError(f"{folder} is there already and is not an empty folder")
    try:
        _fill(bundle, folder)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if not is_new:
            folder.mkdir()
        if isinstance(error, OSError):
            reason = error.strerror or error
            raise InstallError(f"{folder} could not be filled: {reason}") from error
        raise
    return folder / "bin" / "firstlight"


def _fill(bundle: Path, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
    pip = next((bundle / "installer").glob("pip-*.whl"))
    run(
        str(folder / "bin" / "python"), str(pip / "pip"), "--isolated", "install", "--quiet",
        "--no-index", "--no-cache-dir", "--no-deps", "--only-binary", ":all:",
        "--require-hashes", "--find-links", str(bundle / "wheels"),
        "-r", str(bundle / "requirements.txt"),
    )  # fmt: skip
    if (bundle / "exiftool").is_dir():
        shutil.copytree(bundle / "exiftool", folder / "exiftool")
    documents = folder / "share" / "doc" / "firstlight"
    documents.mkdir(parents=True)
    for name in DOCUMENTS:
        copy = shutil.copytree if (bundle / name).is_dir() else shutil.copy
        copy(bundle / name, documents / name)
    run(str(folder / "bin" / "firstlight"), "--version")


def run(*command: str) -> None:
    """Run a command that reads no settings of the user.

    Raises:
        InstallError: It failed; carries its last words.
    """
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", os.path.sep),
        "LC_ALL": "C.UTF-8",
        "PIP_CONFIG_FILE": os.devnull,
    }
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise InstallError(" | ".join(words) or f"{Path(command[0]).name} failed")


def missing_parts() -> list[str]:
    """Name what the machine itself should have and has not, and what follows."""
    programs = [f"{name}: {what}" for name, what in PROGRAMS.items() if not shutil.which(name)]
    return programs + [
        f"lib{name}: {what}"
        for name, what in LIBRARIES.items()
        if not ctypes.util.find_library(name)
    ]


def main(arguments: list[str] | None = None) -> int:
    """Check, install, say where the program is."""
    parser = argparse.ArgumentParser(description="Install Firstlight without a network.")
    parser.add_argument("folder", type=Path, help="a new or empty folder")
    folder = parser.parse_args(arguments).folder.absolute()
    try:
        count = check_sums(HERE)
        check_machine(HERE)
        program = install(HERE, folder)
    except InstallError as error:
        print(f"nothing was installed: {error}", file=sys.stderr)
        return 1
    print(f"{count} files are as SHA256SUMS says", file=sys.stderr)
    for line in missing_parts():
        print(f"not on this machine: {line}", file=sys.stderr)
    print(program)
    return 0


if __name__ == "__main__":
    sys.exit(main())
