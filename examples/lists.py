"""The lists beside a collection: what partners know of it, in the forms partners use."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from examples.making import Made
from examples.truth import Item, ListedEntry, ListFile

LIST_A, LIST_B, LIST_C, KNOWN_GOOD = "List A", "List B", "List C", "Known good"
CONTEXT = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/CUSTOM/$metadata#Media"
STRANGERS = 200
"""Entries of List A for pictures that are nowhere in the collection."""


def write_lists(out: Path, made: list[Made], items: list[Item], seed: int) -> list[ListFile]:
    """Write all lists.

    Args:
        made: Every scene, by index.
        items: Every file of the collection.
    """
    rng = np.random.default_rng((seed, 0x1157))
    folder = out / "lists"
    folder.mkdir(parents=True, exist_ok=True)
    lists = [
        _list_a(made, rng),
        _list_b(made),
        _list_c(made, rng),
        _known_good(items),
    ]
    writers = (_write_vics, _write_csv, _write_pdq, _write_sha1)
    for listed, write in zip(lists, writers, strict=True):
        write(out / listed.file, listed)
    return lists


def _digests(one: Made, *names: str) -> dict[str, str]:
    return {name: one.original[name] for name in names}


def _list_a(made: list[Made], rng: np.random.Generator) -> ListFile:
    entries = []
    for one in made:
        if one.plan.is_listed and one.plan.listed_elsewhere != LIST_C:
            hashes = _digests(one, "md5", "sha1")
            if one.plan.has_listed_pdq:
                hashes["pdq"] = one.seen.hex
            category = (1, 2, None, 1)[one.plan.index // 3 % 4]
            entries.append(ListedEntry(one.plan.index, hashes, one.original_size_bytes, category))
    for _ in range(STRANGERS):
        hashes = {"md5": rng.bytes(16).hex(), "sha1": rng.bytes(20).hex()}
        if rng.random() < 0.3:
            hashes["pdq"] = _stranger_code(rng)
        entries.append(ListedEntry(None, hashes, int(rng.integers(50_000, 4_000_000)), 1))
    order = rng.permutation(len(entries))
    return ListFile(LIST_A, "lists/list-a.json", "investigation", None,
                    [entries[place] for place in order])  # fmt: skip


def _stranger_code(rng: np.random.Generator) -> str:
    """Make a code like any: half of its bits are set."""
    bits = rng.permutation(np.repeat([0, 1], 128)).astype(np.uint8)
    return np.packbits(bits).tobytes().hex()


def _list_b(made: list[Made]) -> ListFile:
    entries: list[ListedEntry] = []
    for one in made:
        if one.plan.listed_elsewhere == LIST_B:
            hashes = _digests(one, "md5", "sha256") | {"pdq": one.seen.hex}
            if len(entries) % 3 == 2:
                del hashes["sha256"]
            entries.append(ListedEntry(one.plan.index, hashes))
    return ListFile(LIST_B, "lists/list-b.csv", "removal", None, entries)


def _list_c(made: list[Made], rng: np.random.Generator) -> ListFile:
    entries = [
        ListedEntry(one.plan.index, {"pdq": one.seen.hex})
        for one in made
        if one.plan.listed_elsewhere == LIST_C
    ]
    entries += [ListedEntry(None, {"pdq": _stranger_code(rng)}) for _ in range(20)]
    return ListFile(LIST_C, "lists/list-c.txt", "investigation", "pdq", entries)


def _known_good(items: list[Item]) -> ListFile:
    """Know some documents and unlisted pictures as harmless, and two that List A knows too."""
    documents = [item for item in items if item.kind == "document"][:4]
    originals = [item for item in items if item.kind == "original" and item.scene is not None]
    plain = [item for item in originals if (item.scene or 0) % 3 == 2][:4]
    both = [item for item in originals if (item.scene or 0) % 3 == 0][:2]
    entries = [
        ListedEntry(item.scene, {"sha1": item.digests["sha1"]})
        for item in (*documents, *plain, *both)
    ]
    return ListFile(KNOWN_GOOD, "lists/known-good.sha1", "known-good", "sha1", entries)


def _write_vics(path: Path, listed: ListFile) -> None:
    rows = []
    for number, entry in enumerate(listed.entries, 1):
        row: dict[str, object] = {
            "MediaID": number,
            "Category": entry.category,
            "MD5": entry.hashes["md5"].upper() if number % 2 else entry.hashes["md5"],
            "SHA1": entry.hashes["sha1"],
            "MediaSize": entry.size_bytes if number % 3 else str(entry.size_bytes),
            "MimeType": "image/jpeg",
            "IsPrecategorized": "true" if number % 5 == 0 else True,
            "VictimIdentified": number % 7 == 0,
            "IsDistributed": number % 4 == 0,
            "Series": "Harbour" if number % 9 == 0 else None,
            "Tags": "List A",
        }
        if "pdq" in entry.hashes:
            row["AlternativeHashes"] = [{"HashName": "PDQ", "HashValue": entry.hashes["pdq"]}]
        rows.append(row)
    text = json.dumps({"@odata.context": CONTEXT, "value": rows}, indent=1)
    path.write_text(text + "\n", "utf-8-sig")


def _write_csv(path: Path, listed: ListFile) -> None:
    names = ("md5", "sha256", "pdq")
    rows = [",".join(entry.hashes.get(name, "") for name in names) for entry in listed.entries]
    path.write_text("\n".join([",".join(names), *rows]) + "\n", "utf-8")


def _write_pdq(path: Path, listed: ListFile) -> None:
    path.write_text("".join(entry.hashes["pdq"] + "\n" for entry in listed.entries), "utf-8")


def _write_sha1(path: Path, listed: ListFile) -> None:
    path.write_text("".join(entry.hashes["sha1"] + "\n" for entry in listed.entries), "utf-8")
