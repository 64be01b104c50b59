"""An item that costs its worker is recorded with its digests, and can be tried again."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from firstlight.app import ingest as ingest_module
from firstlight.app.finding import Question, find
from firstlight.app.home import init_home, open_home
from firstlight.app.ingest import IngestRequest, ingest
from firstlight.app.lists import ListRequest, import_list
from firstlight.app.verification import verify
from firstlight.model.hashlist import HashAlgorithm, ListPurpose

MARKS = ("CRASH", "HANG", "HOG")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    draw = np.random.default_rng(1)
    for number in range(8):
        base = draw.integers(0, 255, (9, 12, 3), dtype=np.uint8)
        Image.fromarray(base).resize((240, 180)).save(folder / f"{number}.jpg")
    for number, mark in enumerate(MARKS):
        content = (folder / f"{number}.jpg").read_bytes() + mark.encode()
        (folder / f"{mark}.jpg").write_bytes(content)
    (folder / "again-CRASH.jpg").write_bytes((folder / "CRASH.jpg").read_bytes())
    with zipfile.ZipFile(folder / "in.zip", "w") as archive:
        for name in ("3.jpg", "HANG.jpg", "4.jpg"):
            archive.write(folder / name, name)
    return folder


def run(home_path: Path, source: Path, **request: bool) -> dict:
    with open_home(str(home_path), "test", writing=True, item_wall_s=2.0, workers=2) as home:
        wanted = IngestRequest("One", (bytes(source),), **request)
        return ingest(home, wanted, lambda _: None)


def test_lost_items_are_recorded_and_retried(source, tmp_path, monkeypatch):
    home_path = tmp_path / "home"
    init_home(str(home_path), "test")
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setattr(ingest_module, "READ_FUNCTION", "crashing_work:read_chunk")
    document = run(home_path, source)
    lost = {Path(item["path"]).name for item in document["failed"]}
    assert lost == {"CRASH.jpg", "again-CRASH.jpg", "HANG.jpg", "HOG.jpg"}
    assert len(document["failed"]) == 5
    assert document["files"] == 16
    assert all(item["reason"] for item in document["failed"])

    digest = hashlib.sha256((source / "CRASH.jpg").read_bytes()).hexdigest()
    known = tmp_path / "list.txt"
    known.write_text(digest)
    with open_home(str(home_path), "test", writing=True) as home:
        import_list(
            home,
            ListRequest(bytes(known), "A", ListPurpose.INVESTIGATION, 31, HashAlgorithm.SHA256),
        )
        found = find(home, Question(digest=digest))["media"][0]
        assert found["status"] == "known"
        assert len(found["sightings"]) == 2
        assert found["fingerprints"]["pdq"] is None

    # Without being asked, nothing is tried again.
    assert run(home_path, source)["read"] == 0
    monkeypatch.undo()
    again = run(home_path, source, retry_failed=True)
    assert again["failed"] == []
    assert again["files"] == 16
    with open_home(str(home_path), "test", writing=False) as home:
        assert find(home, Question(digest=digest))["media"][0]["fingerprints"]["pdq"]
        assert verify(home)["ok"]
