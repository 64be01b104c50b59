"""Makes the offline bundle: one archive that installs where there is no network.

    .venv/bin/python packaging/bundle.py [--pythons 3.11 3.12] [--out dist]

Inside: our wheel with the compiled kernel, a wheel of every locked runtime dependency, exiftool,
all licences, an SBOM, checksums, the installer. The same inputs give the same bytes.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import sbom
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
EXIFTOOL = HERE / "exiftool"
OWN_SOURCES = ("csrc", "src", "setup.py", "pyproject.toml", "README.md", "LICENSE")
BUILD_LEFTOVERS = shutil.ignore_patterns("__pycache__", "*.so", "*.egg-info")
MADE_AT_S = 315_532_800  # 1980-01-01, the first time that a wheel can carry
LICENCE_NAME = re.compile(r"(licen[cs]e|copying|notice|authors|copyright)[^/]*$", re.IGNORECASE)
LICENCE_FOLDER = re.compile(r"\.dist-info/(sboms|licen[cs]es)/", re.IGNORECASE)
GPL_LIBRARY = re.compile(r"(^|/)lib(x264|x265|postproc)\b[^/]*$")
EXIFTOOL_LICENCE = "Artistic-1.0-Perl OR GPL-1.0-or-later"


class BundleError(Exception):
    """Why no bundle was made."""


def read_lock(path: Path) -> list[tuple[Requirement, list[str]]]:
    """Read a requirements file with hashes: each requirement, and its ``sha256:...`` hashes."""
    text = re.sub(r"^\s*#.*$", "", path.read_text("utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n", " ", text).splitlines()
    return [
        (Requirement(line.split(" --hash=")[0].strip()), re.findall(r"--hash=(\S+)", line))
        for line in lines
        if line.strip()
    ]


def applies(requirement: Requirement, python: str) -> bool:
    """Whether a requirement is for this platform and a given Python (``3.11``)."""
    environment = {
        **default_environment(), "python_version": python, "python_full_version": f"{python}.0",
    }  # fmt: skip
    return requirement.marker is None or requirement.marker.evaluate(environment)


def write_lock(path: Path, rows: list[tuple[Requirement, list[str]]]) -> None:
    """Write a requirements file with hashes."""
    lines = [
        " \\\n".join([str(requirement), *(f"    --hash={value}" for value in sorted(hashes))])
        for requirement, hashes in rows
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def run(*command: str, **environment: str) -> None:
    """Run a command quietly.

    Raises:
        BundleError: It failed; carries its last words.
    """
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise BundleError(f"{Path(command[0]).name} failed: {' | '.join(words)}")


def pip(*arguments: str, **environment: str) -> None:
    """Run pip of this environment."""
    run(sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments, **environment)


def download(lock: Path, python: str, target: Path) -> None:
    """Bring the wheels of a lock for one Python, each checked against the lock's hashes."""
    rows = [row for row in read_lock(lock) if applies(row[0], python)]
    for requirement, _ in rows:
        requirement.marker = None  # decided above; pip would decide by its own Python
    with tempfile.TemporaryDirectory() as name:
        wanted = Path(name) / "requirements.txt"
        write_lock(wanted, rows)
        pip("download", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:",
            "--python-version", python, "--dest", str(target), "-r", str(wanted))  # fmt: skip


def build_wheel(target: Path) -> Path:
    """Build our own wheel from a copy of the sources, so that no leftover gets into it."""
    with tempfile.TemporaryDirectory() as name:
        for source in OWN_SOURCES:
            path = ROOT / source
            if path.is_dir():
                shutil.copytree(path, Path(name) / source, ignore=BUILD_LEFTOVERS)
            else:
                shutil.copy(path, Path(name) / source)
        # Neither debug information nor a run path: both would name folders of this machine.
        link = f"{sysconfig.get_config_var('CC') or 'cc'} -shared -s"
        pip("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(target),
            name, SOURCE_DATE_EPOCH=str(MADE_AT_S), CFLAGS="-g0",
            LDSHARED=link)  # fmt: skip
    return next(target.glob("firstlight-*.whl"))


def lock_of_bundle(pythons: list[str], wheels: list[Path]) -> list[tuple[Requirement, list[str]]]:
    """Give what the installer installs: the wheels that are here, by their own hashes.

    Raises:
        BundleError: A locked requirement has no wheel here, or a wheel no requirement.
    """
    hashes: dict[tuple[str, str], list[str]] = {}
    for wheel in wheels:
        name, version, _, _ = parse_wheel_filename(wheel.name)
        hashes.setdefault((name, str(version)), []).append(f"sha256:{sbom.digest(wheel)}")
    own = Requirement(f"firstlight=={own_version()}")
    rows = []
    for requirement, _ in [*read_lock(ROOT / "requirements.txt"), (own, [])]:
        if any(applies(requirement, python) for python in pythons):
            version = str(requirement.specifier).removeprefix("==")
            found = hashes.pop((canonicalize_name(requirement.name), version), None)
            if found is None:
                raise BundleError(f"no wheel of {requirement.name} {version}")
            rows.append((requirement, found))
    if hashes:
        raise BundleError(f"wheels that nothing asked for: {', '.join(n for n, _ in hashes)}")
    return rows


def own_version() -> str:
    """Return our version."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])


def copy_licences(wheel: Path, target: Path) -> int:
    """Copy the licence texts of a wheel; returns how many.

    Raises:
        BundleError: It carries a library under the GPL.
    """
    count = 0
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if GPL_LIBRARY.search(name):
                raise BundleError(f"{wheel.name} carries a library under the GPL")
            is_licence = LICENCE_NAME.search(name) or LICENCE_FOLDER.search(name)
            if is_licence and not name.endswith(("/", ".py", ".pyc")):
                path = target / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.read(name))
                count += 1
    return count


def add_exiftool(folder: Path) -> sbom.Part:
    """Copy the exiftool that ``make setup`` brought.

    Raises:
        BundleError: It is not there.
    """
    if not (EXIFTOOL / "installed" / "exiftool").is_file():
        raise BundleError("exiftool is not there: make setup brings it, and says what it lacks")
    shutil.copytree(EXIFTOOL / "installed", folder / "exiftool")
    licences = folder / "licences" / "exiftool"
    licences.mkdir(parents=True)
    shutil.copy(EXIFTOOL / "Artistic-1.0-Perl.txt", licences)
    shutil.copy(EXIFTOOL / "installed" / "README", licences)
    lock = json.loads((EXIFTOOL / "package-lock.json").read_text("utf-8"))
    locked = lock["packages"]["node_modules/exiftool-vendored.pl"]
    sha512 = base64.b64decode(locked["integrity"].removeprefix("sha512-")).hex()
    return sbom.Part(
        "exiftool-vendored.pl", locked["version"], EXIFTOOL_LICENCE, True, {}, frozenset(),
        source="npm", package_sha512=sha512,
    )  # fmt: skip


def write_sums(folder: Path) -> None:
    """Write SHA256SUMS over every file in the folder."""
    lines = [
        f"{sbom.digest(path)}  {path.relative_to(folder).as_posix()}\n" for path in files_of(folder)
    ]
    (folder / "SHA256SUMS").write_text("".join(lines), "utf-8")


def files_of(folder: Path) -> Iterator[Path]:
    """Give the files of a folder in one order everywhere."""
    yield from sorted(
        (path for path in folder.rglob("*") if path.is_file()),
        key=lambda path: path.relative_to(folder).as_posix(),
    )


def write_archive(folder: Path, path: Path) -> None:
    """Pack a folder: sorted, owned by nobody in particular, with one time."""
    with (
        path.open("wb") as file,
        gzip.GzipFile("", "wb", 6, file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for item in files_of(folder):
            entry = tarfile.TarInfo(f"{folder.name}/{item.relative_to(folder).as_posix()}")
            entry.size = item.stat().st_size
            entry.mtime = MADE_AT_S
            entry.mode = 0o755 if os.access(item, os.X_OK) else 0o644
            with item.open("rb") as content:
                archive.addfile(entry, content)


def fill(folder: Path, pythons: list[str]) -> None:
    """Put everything that the archive holds into a folder.

    Raises:
        BundleError: Something is missing, or may not be given on.
    """
    for python in pythons:
        download(ROOT / "requirements.txt", python, folder / "wheels")
    download(HERE / "pip-requirements.txt", pythons[0], folder / "installer")
    build_wheel(folder / "wheels")
    wheels = sorted((folder / "wheels").glob("*.whl"))
    write_lock(folder / "requirements.txt", lock_of_bundle(pythons, wheels))
    wheels += sorted((folder / "installer").glob("*.whl"))
    for wheel in wheels:
        name, version, _, _ = parse_wheel_filename(wheel.name)
        if not copy_licences(wheel, folder / "licences" / f"{name}-{version}"):
            raise BundleError(f"{wheel.name} carries no licence")
    parts = [*sbom.read_parts(wheels), add_exiftool(folder)]
    for part in parts:
        if not part.licence or sbom.is_strong_copyleft(part.licence):
            raise BundleError(f"{part.name}: may not be given on under {part.licence or 'nothing'}")
    for name in ("install.py", "install.sh"):
        shutil.copy(HERE / name, folder / name)
    shutil.copy(ROOT / "LICENSE", folder / "LICENSE")
    about = {"version": own_version(), "platform": sysconfig.get_platform(), "pythons": pythons}
    for name, document in (
        ("bundle.json", about), ("sbom.cdx.json", sbom.make_document("firstlight", parts)),
    ):  # fmt: skip
        text = json.dumps(document, indent=2, sort_keys=True)
        if name == "bundle.json":
            text = text.replace("\n    ", " ").replace("\n  ]", " ]")
        (folder / name).write_text(text + "\n", "utf-8")
    write_sums(folder)


def main() -> int:
    """Make the bundle; prints its path and SHA-256."""
    own_python = f"{sys.version_info.major}.{sys.version_info.minor}"
    parser = argparse.ArgumentParser(description="Make the offline bundle.")
    parser.add_argument("--pythons", nargs="+", default=[own_python], metavar="3.x")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    given = parser.parse_args()
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    name = f"firstlight-{own_version()}-{platform}"
    given.out.mkdir(parents=True, exist_ok=True)
    archive = given.out / f"{name}.tar.gz"
    with tempfile.TemporaryDirectory(dir=given.out) as work:
        folder = Path(work) / name
        for part in ("wheels", "installer"):
            (folder / part).mkdir(parents=True)
        try:
            fill(folder, given.pythons)
        except BundleError as error:
            print(f"no bundle was made: {error}", file=sys.stderr)
            return 1
        write_archive(folder, Path(work) / archive.name)
        (Path(work) / archive.name).replace(archive)
    sums = f"{sbom.digest(archive)}  {archive.name}\n"
    archive.with_name(f"{archive.name}.sha256").write_text(sums, "utf-8")
    print(f"{archive}\n{archive.stat().st_size / 1e6:.1f} MB, SHA-256 {sums.split(maxsplit=1)[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
