"""The truth of a collection: how each file was made, and so what must be found.

It is written down while the files are made and never by running our own program on them.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

TRUTH_NAME = "truth.json"
DIGEST, NEAR = "digest", "near"


@dataclass(frozen=True, slots=True)
class Item:
    """One file, or one member of an archive.

    Args:
        path: Relative to the collection; archive members joined by ``!/``, as Firstlight does.
        source: ``laptop`` or ``phone``.
        kind: What it is, for example ``near-copy``; ``variant`` says which sort.
        digests: Hexadecimal by algorithm; empty for what has no content (links, pipes).
        scene: What it shows; None for what shows no scene, or several.
        reach: Whether what it shows can be found by PDQ: ``within``, ``partly`` or ``beyond``
            what PDQ is meant to find; None where there is nothing to find.
        camera: Whose camera data is still in it.
        burst: Pictures of one burst share this name.
        original: The picture that it was made from, when that is in the collection.
        outcomes: How reading it may end.
        codes: One of these failures must be recorded; empty where none may be.
        has_mismatch: Content and name disagree.
        findings: Other things to be seen: ``stripped``, ``edited``, ``thumbnail-differs``,
            ``has-place``, ``owner``.
        known: Lists that know it, and how: ``digest`` or ``near``.
    """

    path: bytes
    source: str
    kind: str
    variant: str = ""
    digests: dict[str, str] = field(default_factory=dict)
    size_bytes: int = 0
    scene: int | None = None
    reach: str | None = None
    camera: str | None = None
    burst: str | None = None
    original: bytes | None = None
    outcomes: tuple[str, ...] = ("read",)
    codes: tuple[str, ...] = ()
    has_mismatch: bool = False
    findings: tuple[str, ...] = ()
    known: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Kind and variant as one word for the table."""
        return f"{self.kind}: {self.variant}" if self.variant else self.kind

    @property
    def media_id(self) -> str | None:
        """The name that Firstlight gives its content."""
        return self.digests.get("sha256")


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """One entry of a list: which scene it knows, and by what.

    Args:
        scene: None for an entry of something that is not in the collection.
        hashes: Hexadecimal, by algorithm.
        category: As the list says it; None is "no category".
    """

    scene: int | None
    hashes: dict[str, str]
    size_bytes: int = 0
    category: int | None = None


@dataclass(frozen=True, slots=True)
class ListFile:
    """One list beside the collection.

    Args:
        file: Relative to the collection.
        purpose: As ``lists import --purpose`` takes it.
        algorithm: As ``lists import --algorithm`` takes it; None where the file says it.
    """

    name: str
    file: str
    purpose: str
    algorithm: str | None
    entries: list[ListedEntry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class NotDrawn:
    """What could not be made on this machine, and why."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything known about a collection."""

    seed: int
    picture_px: int
    sources: tuple[str, ...]
    items: list[Item]
    lists: list[ListFile]
    not_drawn: list[NotDrawn]

    def write(self, folder: Path) -> None:
        """Write it beside the collection."""
        plain = asdict(self)
        plain["items"] = [_plain_item(item) for item in self.items]
        text = json.dumps(plain, indent=1, ensure_ascii=True, sort_keys=True)
        (folder / TRUTH_NAME).write_text(text + "\n", "utf-8")


def read_truth(folder: Path) -> Truth:
    """Read the truth that lies beside a collection."""
    plain = json.loads((folder / TRUTH_NAME).read_text("utf-8"))
    lists = [
        ListFile(**{**row, "entries": [ListedEntry(**entry) for entry in row["entries"]]})
        for row in plain["lists"]
    ]
    return Truth(
        plain["seed"],
        plain["picture_px"],
        tuple(plain["sources"]),
        [_item(row) for row in plain["items"]],
        lists,
        [NotDrawn(**row) for row in plain["not_drawn"]],
    )


def digests_of(content: bytes) -> dict[str, str]:
    """Return the three digests that lists carry."""
    return {name: hashlib.new(name, content).hexdigest() for name in ("md5", "sha1", "sha256")}


def mark_known(items: list[Item], lists: list[ListFile]) -> list[Item]:
    """Say for each item which lists know it.

    A near-copy is known when the entry carries a PDQ, or when the original itself lies in the
    collection: its match by digest teaches the list what it looks like. Known-good lists know
    by digest alone.
    """
    present = {value for item in items for value in item.digests.values()}
    by_digest: dict[str, set[str]] = {}
    by_scene: dict[int, set[str]] = {}
    for listed in lists:
        for entry in listed.entries:
            digests = {value for name, value in entry.hashes.items() if name != "pdq"}
            for value in digests:
                by_digest.setdefault(value, set()).add(listed.name)
            shows = "pdq" in entry.hashes or digests & present
            if entry.scene is not None and shows and listed.purpose != "known-good":
                by_scene.setdefault(entry.scene, set()).add(listed.name)
    return [replace(item, known=_known(item, by_digest, by_scene)) for item in items]


def _known(
    item: Item, by_digest: dict[str, set[str]], by_scene: dict[int, set[str]]
) -> dict[str, str]:
    known: dict[str, str] = {}
    if item.scene is not None and item.reach is not None:
        known = dict.fromkeys(sorted(by_scene.get(item.scene, ())), NEAR)
    for value in item.digests.values():
        known.update(dict.fromkeys(sorted(by_digest.get(value, ())), DIGEST))
    return known


def _plain_item(item: Item) -> dict[str, Any]:
    plain = asdict(item)
    for name in ("path", "original"):
        value = plain.pop(name)
        plain[f"{name}_b64"] = None if value is None else base64.b64encode(value).decode("ascii")
    plain["path"] = item.path.decode("utf-8", "backslashreplace")
    return plain


def _item(row: dict[str, Any]) -> Item:
    row = dict(row)
    del row["path"]
    for name in ("path", "original"):
        value = row.pop(f"{name}_b64")
        row[name] = None if value is None else base64.b64decode(value)
    for name in ("outcomes", "codes", "findings"):
        row[name] = tuple(row[name])
    return Item(**row)
