"""The whole bundle: made twice, installed where there is no network, used there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from PIL import Image
from skimage import data

ROOT = Path(__file__).parents[3]
OWN_FILES = ("requirements.txt", "sbom.cdx.json", "bundle.json", "SHA256SUMS")
OWN_MAX_BYTES = 120_000_000


def make(folder: Path) -> Path:
    subprocess.run(
        [sys.executable, str(ROOT / "packaging" / "bundle.py"), "--out", str(folder)], check=True
    )
    return next(folder.glob("*.tar.gz"))


def without_network(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    names = ["--net"] if os.geteuid() == 0 else ["--map-root-user", "--net"]
    return subprocess.run(
        ["unshare", *names, *command],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False, cwd="/",
    )  # fmt: skip


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_bundle_installs_and_works_without_a_network(tmp_path):
    if without_network("true").returncode:
        pytest.skip("this machine lets nobody leave its network")
    archive = make(tmp_path / "dist")
    assert archive.read_bytes() == make(tmp_path / "again").read_bytes()
    assert archive.stat().st_size < OWN_MAX_BYTES
    with tarfile.open(archive) as opened:
        # The first releases of Python 3.11 know no filters.
        safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        opened.extractall(tmp_path / "unpacked", **safely)
    folder = next((tmp_path / "unpacked").iterdir())

    for name in OWN_FILES:
        text = (folder / name).read_text()
        assert not re.search(r"https?:|file:|/home/|/root/|/tmp/", text), name
        assert str(ROOT) not in text
    names = " ".join(path.name for path in (folder / "wheels").iterdir())
    assert not re.search("pytest|ruff|mypy|hypothesis|sphinx|scikit|scipy|imageio", names)

    done = without_network(
        "sh", str(folder / "install.sh"), str(tmp_path / "program"), PYTHON=sys.executable
    )
    assert done.returncode == 0, done.stderr
    program = done.stdout.strip()
    assert program == str(tmp_path / "program" / "bin" / "firstlight")
    assert not list((tmp_path / "program").rglob("direct_url.json"))
    kernel = next((tmp_path / "program").rglob("_kernel.so")).read_bytes()
    assert not re.search(rb"/home/|/root/|/tmp/", kernel)
    assert os.fsencode(ROOT) not in kernel

    exif = Image.Exif()
    exif[0x010F] = "Maker"
    (tmp_path / "source").mkdir()
    Image.fromarray(data.coffee()).save(tmp_path / "source" / "a.jpg", exif=exif)
    settings = {
        "FIRSTLIGHT_HOME": str(tmp_path / "home"), "FIRSTLIGHT_REASON": "test",
        "FIRSTLIGHT_METADATA_READER": "exiftool", "HOME": str(tmp_path),
    }  # fmt: skip
    for arguments in (["init"], ["ingest", str(tmp_path / "source"), "--case", "A"], ["verify"]):
        done = without_network(program, *arguments, **settings)
        assert done.returncode == 0, done.stderr

    (folder / "wheels" / "added.whl").touch()
    refused = without_network(sys.executable, "-B", str(folder / "install.py"),
                              str(tmp_path / "second"))  # fmt: skip
    assert refused.returncode == 1
    assert "not part of the bundle" in refused.stderr
    assert not (tmp_path / "second").exists()
