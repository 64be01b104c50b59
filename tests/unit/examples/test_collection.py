"""The sample collection: seeded, complete in its truth, rich enough, scenes far apart."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from pathlib import Path

import pytest
from examples.coding import CODINGS
from examples.collection import SOURCES, draw_collection
from examples.copies import CHANGES
from examples.names import HOSTILE_NAMES
from examples.truth import Truth, read_truth

FILES, PICTURE_PX, SEED = 160, 256, 11


def _tree(folder: Path) -> dict[bytes, str]:
    """Read a folder: relative path to what lies there."""
    root = os.fsencode(folder)
    found = {}
    for place, folders, names in os.walk(root):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        for name in [*names, *links]:
            path = os.path.join(place, name)
            relative = os.path.relpath(path, root)
            if os.path.islink(path):
                found[relative] = "link to " + os.fsdecode(os.readlink(path))
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    found[relative] = hashlib.sha256(file.read()).hexdigest()
            else:
                found[relative] = "special"
    return found


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    out = tmp_path_factory.mktemp("collection")
    return out, draw_collection(out, files=FILES, seed=SEED, picture_px=PICTURE_PX)


def _outermost(path: bytes) -> bytes:
    """Return the file on disk; one folder of the collection is named like an archive joint."""
    if b"/a.zip!/" in path:
        return path
    return path.split(b"!/", 1)[0]


def test_truth_names_every_file_and_no_other(drawn: tuple[Path, Truth]) -> None:
    out, truth = drawn
    told = {_outermost(item.path) for item in truth.items}
    lying = {path for path in _tree(out) if path.split(b"/", 1)[0].decode() in SOURCES}
    assert told == lying


def test_truth_has_the_digests_of_what_lies_there(drawn: tuple[Path, Truth]) -> None:
    out, truth = drawn
    tree = _tree(out)
    for item in truth.items:
        if _outermost(item.path) == item.path and item.digests:
            assert tree[item.path] == item.digests["sha256"]


def test_truth_survives_being_written(drawn: tuple[Path, Truth]) -> None:
    out, truth = drawn
    assert read_truth(out) == truth


def test_every_sort_is_drawn_or_reported(drawn: tuple[Path, Truth]) -> None:
    _, truth = drawn
    there = {item.label for item in truth.items} | {missing.what for missing in truth.not_drawn}
    wanted = {f"near-copy: {name}" for name in CHANGES} | {f"coding: {name}" for name in CODINGS}
    wanted |= {f"name: {name}" for name in HOSTILE_NAMES}
    wanted |= {"exact-copy", "edited", "burst", "clip: mp4", "special: pipe", "archive: zip-in-tar"}
    assert wanted <= there


def test_paths_are_told_once(drawn: tuple[Path, Truth]) -> None:
    _, truth = drawn
    counts = Counter(item.path for item in truth.items)
    doubled = {path for path, count in counts.items() if count > 1}
    assert doubled == {b"laptop/Archive/doubled.zip!/same.jpg"}


def test_list_a_knows_a_third_of_the_scenes(drawn: tuple[Path, Truth]) -> None:
    _, truth = drawn
    scenes = {item.scene for item in truth.items if item.scene is not None}
    listed = {
        entry.scene
        for known in truth.lists[:1] + truth.lists[2:3]
        for entry in known.entries
        if entry.scene is not None
    }
    assert 0.25 <= len(listed) / (max(scenes) + 1) <= 0.4


def test_near_copies_are_known_by_pdq_and_originals_by_digest(drawn: tuple[Path, Truth]) -> None:
    _, truth = drawn
    ways = {(item.kind, way) for item in truth.items for way in item.known.values()}
    assert ("near-copy", "near") in ways
    assert ("original", "digest") in ways
    assert ("near-copy", "digest") not in ways
    strangers = [item for item in truth.items if item.kind == "damaged" and item.scene is None]
    assert strangers
    assert not any(item.known for item in strangers)


def test_some_cameras_lie_in_both_sources(drawn: tuple[Path, Truth]) -> None:
    _, truth = drawn
    pairs = {(item.camera, item.source) for item in truth.items if item.kind == "original"}
    across = {key for key, source in pairs if source == "laptop" and (key, "phone") in pairs}
    assert across <= {"lark", "gull"}
    assert across


def test_same_seed_gives_same_bytes_however_many_work(
    drawn: tuple[Path, Truth], tmp_path: Path
) -> None:
    out, truth = drawn
    again = draw_collection(tmp_path, files=FILES, seed=SEED, picture_px=PICTURE_PX, jobs=2)
    assert again == truth
    assert _tree(tmp_path) == _tree(out)


def test_no_other_camera_ties_the_sources_together(drawn: tuple[Path, Truth]) -> None:
    _, truth = drawn
    sources: dict[str, set[str]] = {}
    for item in truth.items:
        if item.camera is not None:
            sources.setdefault(item.camera, set()).add(item.source)
    assert {key for key, seen in sources.items() if len(seen) == 2} <= {"lark", "gull"}
