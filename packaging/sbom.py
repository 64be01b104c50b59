"""Says what is inside the bundle: a CycloneDX document made from the wheels themselves."""

from __future__ import annotations

import email
import hashlib
import json
import re
import uuid
import zipfile
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SPEC_VERSION = "1.6"
LICENCE_FIELD_MAX_CHARS = 60
LICENCE_CLASSIFIER = "License :: OSI Approved :: "
COPYLEFT = re.compile(r"\b(A?GPL)(?:[-v ]?\d|\b)|GNU (Affero )?General Public", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """One distribution in the bundle.

    Args:
        licence: As its metadata says; an SPDX expression where ``is_expression``.
        files: SHA-256 by file name.
        requires: Canonical names of what it needs.
        source: Which kind of registry its name is from, as package URLs call it.
        package_sha512: Of the package that it was taken from, where that is not in the bundle.
    """

    name: str
    version: str
    licence: str
    is_expression: bool
    files: dict[str, str]
    requires: frozenset[str]
    source: str = "pypi"
    package_sha512: str | None = None

    @property
    def reference(self) -> str:
        """Its package URL, which names it in the document."""
        return f"pkg:{self.source}/{self.name}@{self.version}"


def read_metadata(wheel: Path) -> Message:
    """Read a wheel's own METADATA."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(
            name
            for name in archive.namelist()
            if name.count("/") == 1 and name.endswith(".dist-info/METADATA")
        )
        return email.message_from_bytes(archive.read(name))


def licence_of(metadata: Message) -> tuple[str, bool]:
    """Return the licence that a distribution states, and whether as an SPDX expression."""
    if expression := metadata.get("License-Expression"):
        return str(expression), True
    short = str(metadata.get("License") or "").strip()
    if short and "\n" not in short and len(short) <= LICENCE_FIELD_MAX_CHARS:
        return short, False
    named = [
        str(value).removeprefix(LICENCE_CLASSIFIER)
        for value in metadata.get_all("Classifier") or ()
        if str(value).startswith(LICENCE_CLASSIFIER)
    ]
    return " AND ".join(named), False


def is_strong_copyleft(licence: str) -> bool:
    """Whether a licence leaves no choice but the GPL or AGPL (the LGPL is another one)."""
    return all(COPYLEFT.search(choice) for choice in re.split(r"\bOR\b", licence))


def read_parts(wheels: list[Path]) -> list[Part]:
    """Describe wheels, several of one version (for several Pythons) as one part."""
    parts: dict[tuple[str, str], Part] = {}
    for wheel in sorted(wheels):
        metadata = read_metadata(wheel)
        name, version = canonicalize_name(str(metadata["Name"])), str(metadata["Version"])
        licence, is_expression = licence_of(metadata)
        requires = {
            canonicalize_name(need.name)
            for need in map(Requirement, metadata.get_all("Requires-Dist") or ())
            if not (need.marker and "extra" in str(need.marker))
        }
        earlier = parts.get((name, version))
        files = {**(earlier.files if earlier else {}), wheel.name: digest(wheel)}
        requires |= set(earlier.requires) if earlier else set()
        parts[name, version] = Part(
            name, version, licence, is_expression, files, frozenset(requires)
        )
    return [parts[key] for key in sorted(parts)]


def digest(path: Path) -> str:
    """Return a file's SHA-256 in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def describe(part: Part) -> dict[str, Any]:
    """Make a component of a part."""
    if part.is_expression:
        licences: list[dict[str, Any]] = [{"expression": part.licence}]
    else:
        licences = [{"license": {"name": part.licence}}]
    component: dict[str, Any] = {
        "type": "library" if part.source == "pypi" else "application",
        "bom-ref": part.reference,
        "name": part.name,
        "version": part.version,
        "licenses": licences,
        "purl": part.reference,
    }
    if part.package_sha512:
        component["hashes"] = [{"alg": "SHA-512", "content": part.package_sha512}]
    if part.files:
        component["components"] = [
            {"type": "file", "name": name, "hashes": [{"alg": "SHA-256", "content": sha256}]}
            for name, sha256 in sorted(part.files.items())
        ]
    return component


def make_document(subject: str, parts: list[Part]) -> dict[str, Any]:
    """Make the document: the same parts give the same bytes, so it names no time.

    Args:
        subject: Name of the part that the bundle is for.
    """
    main = next(part for part in parts if part.name == subject)
    others = [part for part in parts if part is not main]
    by_name: dict[str, list[str]] = {}
    for part in parts:
        by_name.setdefault(part.name, []).append(part.reference)
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION,
        "version": 1,
        "metadata": {"component": {**describe(main), "type": "application"}},
        "components": [describe(part) for part in others],
        "dependencies": [
            {
                "ref": part.reference,
                "dependsOn": sorted(
                    reference for need in part.requires for reference in by_name.get(need, ())
                ),
            }
            for part in parts
        ],
    }
    content = json.dumps(document, sort_keys=True)
    return {**document, "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}"}
