"""Sources named twice, folders that open later, and a batch that cannot be written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from firstlight.app.home import init_home, open_home
from firstlight.app.ingest import IngestRequest, fold_roots, ingest
from firstlight.app.near_copies import update_near_copies
from firstlight.app.recording import Recorder
from firstlight.app.verification import verify
from firstlight.errors import StoreError, UnreadableError
from firstlight.intake import folder as folder_module
from firstlight.model.item import ItemReport
from firstlight.model.media import FileFacts, Locator, Outcome
from firstlight.store.event import count_events


@pytest.fixture
def source(tmp_path: Path) -> Path:
    draw = np.random.default_rng(2)
    for name in ("open", "locked"):
        (tmp_path / "source" / name).mkdir(parents=True)
        base = draw.integers(0, 255, (9, 12, 3), dtype=np.uint8)
        Image.fromarray(base).resize((120, 90)).save(tmp_path / "source" / name / "a.png")
    return tmp_path / "source"


def run(tmp_path: Path, *paths: Path) -> dict:
    init_home(str(tmp_path / "home"), "test")
    with open_home(str(tmp_path / "home"), "test", writing=True) as home:
        return ingest(home, IngestRequest("One", tuple(map(bytes, paths))), lambda _: None)


def test_paths_named_twice_or_inside_another_are_read_once(source, tmp_path):
    document = run(tmp_path, source, source / "open", source, source / "open" / "a.png")
    assert document["files"] == 2
    inside = [item["path"] for item in document["inside_another_source"]]
    assert inside == [str(source / "open"), str(source / "open" / "a.png")]


def test_names_that_begin_alike_are_not_inside_one_another():
    paths = [b"/s/a", b"/s/ab", b"/s/a/c"]
    assert fold_roots(paths) == ([b"/s/a", b"/s/ab"], [b"/s/a/c"])
    assert fold_roots([b"/", b"/s"]) == ([b"/"], [b"/s"])


def test_a_folder_that_opens_later_is_no_failure_any_more(source, tmp_path, monkeypatch):
    listing = folder_module.list_names

    def refuse(path: bytes) -> list[bytes]:
        if path.endswith(b"locked"):
            raise UnreadableError("permission denied")
        return listing(path)

    monkeypatch.setattr(folder_module, "list_names", refuse)
    first = run(tmp_path, source)
    assert first["files"] == 1
    assert [item["path"] for item in first["failed"]] == [f"{source}/locked/"]
    assert [item["path"] for item in run(tmp_path, source)["failed"]] == [f"{source}/locked/"]
    monkeypatch.undo()
    later = run(tmp_path, source)
    assert later["files"] == 2
    assert later["failed"] == []
    assert run(tmp_path, source)["files"] == 2
    with open_home(str(tmp_path / "home"), "test", writing=False) as home:
        assert verify(home)["ok"]


def test_a_batch_that_cannot_be_written_is_not_tried_twice():
    class FullStore:
        tries = 0

        def transaction(self):
            self.tries += 1
            raise StoreError("the disk is full")

    class FakeHome:
        store = FullStore()
        actor = None

    class FakeKnown:
        is_retrying = False

        def complete(self, report):
            return report

    recorder = Recorder(FakeHome(), 1, {}, FakeKnown(), "test")
    recorder.add(ItemReport(Locator(b"/a"), FileFacts(1), Outcome.READ))
    with pytest.raises(StoreError, match="full"):
        recorder.flush()
    recorder.flush()
    assert FakeHome.store.tries == 1


def test_pictures_that_cannot_be_compared_are_not_looked_at_twice(tmp_path):
    folder = tmp_path / "flat"
    folder.mkdir()
    Image.new("RGB", (90, 60), (40, 90, 140)).save(folder / "flat.png")
    assert run(tmp_path, folder)["stacks"] == 0
    with open_home(str(tmp_path / "home"), "test", writing=True) as home:
        events = count_events(home.store)
        assert update_near_copies(home) == 0
        assert count_events(home.store) == events
