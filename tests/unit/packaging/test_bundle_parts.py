"""The parts of the offline bundle: lock, SBOM, licences, checksums, installer."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[3]
with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(ROOT / "packaging"))
    import bundle
    import install
    import sbom

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{more}\n\nWords.\n"


def make_wheel(folder: Path, name: str, more: str, tag: str = "py3-none-any", **files: str) -> Path:
    path = folder / f"{name}-1.0-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}-1.0.dist-info/METADATA", METADATA.format(name=name, more=more))
        for file, content in files.items():
            archive.writestr(file.replace("__", "/"), content + tag)
    return path


def test_the_lock_is_read_whole():
    rows = bundle.read_lock(ROOT / "requirements.txt")
    assert len({(row.name, str(row.specifier)) for row, _ in rows}) == len(rows) > 40
    for requirement, hashes in rows:
        assert str(requirement.specifier).startswith("==")
        assert hashes
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", value) for value in hashes)


def test_a_requirement_applies_by_the_python_that_is_asked_for():
    old = Requirement("numpy==2.4 ; python_full_version < '3.12'")
    assert bundle.applies(old, "3.11")
    assert not bundle.applies(old, "3.12")
    assert not bundle.applies(Requirement("x==1 ; sys_platform == 'win32'"), "3.11")
    assert bundle.applies(Requirement("x==1"), "3.14")


def test_a_lock_written_is_the_lock_read(tmp_path):
    rows = bundle.read_lock(ROOT / "requirements.txt")
    bundle.write_lock(tmp_path / "lock", rows)
    again = bundle.read_lock(tmp_path / "lock")
    assert [(str(r), sorted(h)) for r, h in rows] == [(str(r), h) for r, h in again]


def test_what_is_installed_is_what_was_locked_and_is_here(tmp_path, monkeypatch):
    (tmp_path / "requirements.txt").write_text("one==1.0 \\\n    --hash=sha256:aa\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.0"\n')
    monkeypatch.setattr(bundle, "ROOT", tmp_path)
    one, own = (make_wheel(tmp_path, name, "") for name in ("one", "firstlight"))
    rows = bundle.lock_of_bundle(["3.11"], [one, own])
    assert [(str(r), h) for r, h in rows] == [
        ("one==1.0", [f"sha256:{sbom.digest(one)}"]),
        ("firstlight==1.0", [f"sha256:{sbom.digest(own)}"]),
    ]
    with pytest.raises(bundle.BundleError, match="no wheel of one"):
        bundle.lock_of_bundle(["3.11"], [own])
    with pytest.raises(bundle.BundleError, match="nothing asked for: two"):
        bundle.lock_of_bundle(["3.11"], [one, own, make_wheel(tmp_path, "two", "")])


@pytest.mark.parametrize(
    ("more", "licence"),
    [
        ("License-Expression: MIT OR Apache-2.0\nLicense: x", ("MIT OR Apache-2.0", True)),
        ("License: LGPL-2.1-or-later", ("LGPL-2.1-or-later", False)),
        ("License: one\n two\nClassifier: License :: OSI Approved :: MIT License",
         ("MIT License", False)),
        ("", ("", False)),
    ],
)  # fmt: skip
def test_the_licence_that_is_stated(tmp_path, more, licence):
    assert sbom.licence_of(sbom.read_metadata(make_wheel(tmp_path, "one", more))) == licence


@pytest.mark.parametrize(
    ("licence", "is_strong"),
    [
        ("GPL-3.0-only", True), ("AGPL-3.0-or-later", True), ("GPLv3+", True), ("GPL", True),
        ("GNU General Public License v2 (GPLv2)", True), ("GPL-2.0-only OR AGPL-3.0-only", True),
        ("LGPL-2.1-or-later", False), ("LGPLv3", False), ("MIT", False), ("MPL-2.0", False),
        ("Artistic-1.0-Perl OR GPL-1.0-or-later", False), ("CC0", False),
        ("GNU Lesser General Public License v2 or later (LGPLv2+)", False),
    ],
)  # fmt: skip
def test_strong_copyleft_is_told_from_the_rest(licence, is_strong):
    assert sbom.is_strong_copyleft(licence) is is_strong


def parts(folder: Path) -> list[sbom.Part]:
    needs = "License-Expression: MIT\nRequires-Dist: two>=1\nRequires-Dist: three; extra == 'x'"
    wheels = [
        make_wheel(folder, "one", needs),
        make_wheel(folder, "two", "License: BSD", "cp311-cp311-linux_x86_64"),
        make_wheel(folder, "two", "License: BSD", "cp312-cp312-linux_x86_64"),
        make_wheel(folder, "three", "License: MIT"),
    ]
    return sbom.read_parts(wheels)


def test_the_sbom_is_a_cyclonedx_document(tmp_path):
    """Every field that the schema asks for, and references that lead somewhere."""
    document = sbom.make_document("one", parts(tmp_path))
    assert (document["bomFormat"], document["specVersion"], document["version"]) == (
        "CycloneDX", "1.6", 1,
    )  # fmt: skip
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
                        document["serialNumber"])  # fmt: skip
    main = document["metadata"]["component"]
    assert (main["name"], main["type"]) == ("one", "application")
    components = [main, *document["components"]]
    references = [component["bom-ref"] for component in components]
    assert references == ["pkg:pypi/one@1.0", "pkg:pypi/three@1.0", "pkg:pypi/two@1.0"]
    for component in components:
        assert component["type"] in ("library", "application")
        assert component["name"]
        assert len(component["licenses"]) == 1
        for file in component["components"]:
            assert file["type"] == "file"
            assert file["hashes"][0]["content"] == sbom.digest(tmp_path / file["name"])
    assert len(components[2]["components"]) == 2
    depends = {row["ref"]: row["dependsOn"] for row in document["dependencies"]}
    assert depends == {
        "pkg:pypi/one@1.0": ["pkg:pypi/two@1.0"], "pkg:pypi/two@1.0": [], "pkg:pypi/three@1.0": [],
    }  # fmt: skip


def test_the_sbom_of_the_same_parts_is_the_same(tmp_path):
    first = json.dumps(sbom.make_document("one", parts(tmp_path)))
    assert first == json.dumps(sbom.make_document("one", parts(tmp_path)))


def test_licences_are_taken_out_of_wheels(tmp_path):
    wheel = make_wheel(
        tmp_path, "one", "", **{"one-1.0.dist-info__licenses__LICENSE": "text",
        "one__vendored__COPYING.txt": "text", "one__license.py": "code", "one__code.py": "code"},
    )  # fmt: skip
    assert bundle.copy_licences(wheel, tmp_path / "out") == 2
    assert (tmp_path / "out" / "one" / "vendored" / "COPYING.txt").is_file()


def test_a_wheel_with_a_gpl_library_is_refused(tmp_path):
    wheel = make_wheel(tmp_path, "one", "", **{"one.libs__libx265-0a1b.so.199": "x"})
    with pytest.raises(bundle.BundleError, match="under the GPL"):
        bundle.copy_licences(wheel, tmp_path / "out")


@pytest.fixture
def folder(tmp_path):
    """Something with the outer form of a bundle."""
    path = tmp_path / "bundle"
    (path / "wheels").mkdir(parents=True)
    (path / "wheels" / "b.whl").write_bytes(b"two")
    (path / "a.txt").write_bytes(b"one")
    (path / "run.sh").write_text("#!/bin/sh\n")
    (path / "run.sh").chmod(0o755)
    bundle.write_sums(path)
    return path


def test_the_archive_is_the_same_whenever_it_is_made(folder, tmp_path):
    made = []
    for name in ("1", "2"):
        bundle.write_archive(folder, tmp_path / name)
        made.append((tmp_path / name).read_bytes())
        (folder / "a.txt").touch()
    assert made[0] == made[1]
    with tarfile.open(tmp_path / "1") as archive:
        entries = {entry.name: entry for entry in archive}
    assert list(entries) == sorted(entries)
    assert {(e.uid, e.gid, e.uname, e.mtime) for e in entries.values()} == {
        (0, 0, "", bundle.MADE_AT_S)
    }
    assert entries["bundle/run.sh"].mode == 0o755


def test_checksums_are_what_sha256sum_reads(folder):
    assert install.check_sums(folder) == 3
    digest, _, name = (folder / "SHA256SUMS").read_text().splitlines()[0].partition("  ")
    assert (digest, name) == (hashlib.sha256(b"one").hexdigest(), "a.txt")
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder,
                       check=True)  # fmt: skip


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda f: (f / "a.txt").write_bytes(b"0ne"), "damaged or altered: a.txt"),
        (lambda f: (f / "a.txt").unlink(), "missing: a.txt"),
        (lambda f: (f / "wheels" / "evil.whl").touch(), "not part of the bundle: wheels/evil.whl"),
        (lambda f: (f / "SHA256SUMS").unlink(), "SHA256SUMS cannot be read"),
        (lambda f: (f / "more").symlink_to("a.txt"), "not part of the bundle: more"),
    ],
)
def test_a_bundle_that_was_touched_is_refused(folder, harm, words):
    harm(folder)
    with pytest.raises(install.InstallError, match=words):
        install.check_sums(folder)


def test_a_link_in_place_of_a_file_is_refused(folder, tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"one")
    (folder / "a.txt").unlink()
    (folder / "a.txt").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(install.InstallError, match=r"altered: a\.txt"):
        install.check_sums(folder)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"pythons": ["3.9"], "platform": install.sysconfig.get_platform()}, "for Python 3.9;"),
        ({"pythons": [f"3.{sys.version_info.minor}"], "platform": "elsewhere"}, "for elsewhere;"),
    ],
)
def test_another_machine_is_named(tmp_path, about, words):
    (tmp_path / "bundle.json").write_text(json.dumps(about))
    with pytest.raises(install.InstallError, match=words):
        install.check_machine(tmp_path)


def test_a_folder_in_use_is_left_alone(folder, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    with pytest.raises(install.InstallError, match="is there already"):
        install.install(folder, tmp_path / "mine")
    assert (tmp_path / "mine" / "file").exists()


@pytest.mark.parametrize("is_there", [True, False])
def test_a_failed_install_leaves_nothing_behind(folder, tmp_path, monkeypatch, is_there):
    target = tmp_path / "target"
    if is_there:
        target.mkdir()

    def fail(*command):
        raise install.InstallError("no")

    (folder / "installer").mkdir()
    (folder / "installer" / "pip-1.whl").touch()
    monkeypatch.setattr(install, "run", fail)
    with pytest.raises(install.InstallError, match="no"):
        install.install(folder, target)
    assert target.exists() is is_there
    assert not is_there or not any(target.iterdir())


def test_the_installer_names_no_registry_and_reads_no_settings(monkeypatch):
    for name in ("install.py", "install.sh"):
        assert "http" not in (ROOT / "packaging" / name).read_text()
    monkeypatch.setenv("PIP_INDEX_URL", "x")
    shown = "import os, sys; sys.exit(str(sorted(os.environ)))"
    with pytest.raises(install.InstallError) as caught:
        install.run(sys.executable, "-c", shown)
    assert "PIP_INDEX_URL" not in str(caught.value)
    assert "PIP_CONFIG_FILE" in str(caught.value)
