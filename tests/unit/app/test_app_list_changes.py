"""Lists that come, go, reach further or less far: the answer is that of the list as it stands."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from skimage import data

from firstlight.app import lists as lists_module
from firstlight.app.finding import Question, find
from firstlight.app.home import init_home, open_home
from firstlight.app.ingest import IngestRequest, ingest
from firstlight.app.leads import leads
from firstlight.app.lists import ListRequest, import_list, withdraw_list
from firstlight.app.lookup import match_files
from firstlight.fingerprint.pdq import hash_pixels
from firstlight.model.hashlist import HashAlgorithm, ListPurpose
from firstlight.store.event import event_page


class Desk:
    """A home, a source of two pictures, and list files."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.source = place / "source"
        self.source.mkdir()
        cat = Image.fromarray(data.chelsea())
        cat.save(self.source / "cat.png")
        cat.resize((120, 80)).save(self.source / "small.png")
        init_home(str(place / "home"), "test")

    def open(self, *, writing: bool = True):
        return open_home(str(self.place / "home"), "test", writing=writing, workers=1)

    def ingest(self, *paths: Path, **request: object) -> dict:
        with self.open() as home:
            wanted = tuple(map(bytes, paths or (self.source,)))
            return ingest(home, IngestRequest("One", wanted, **request), lambda _: None)

    def list(self, text: str, radius_bits: int = 31, algorithm: str = "sha256") -> dict:
        path = self.place / "list.txt"
        path.write_text(text)
        with self.open() as home:
            return import_list(
                home,
                ListRequest(
                    bytes(path), "A", ListPurpose.INVESTIGATION, radius_bits,
                    HashAlgorithm(algorithm),
                ),
            )  # fmt: skip

    def statuses(self) -> dict[str, str]:
        with self.open(writing=False) as home:
            found = find(home, Question(case_name="One"))["media"]
        return {
            os.path.basename(seen["path"]): item["status"]
            for item in found
            for seen in item["sightings"]
        }

    def digest(self, name: str) -> str:
        return hashlib.sha256((self.source / name).read_bytes()).hexdigest()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_list_that_comes_back_meets_what_came_in_meanwhile(desk):
    text = desk.digest("cat.png")
    desk.list(text)
    with desk.open() as home:
        withdraw_list(home, "A")
    desk.ingest()
    assert set(desk.statuses().values()) == {"not checked"}
    desk.list(text)
    assert desk.statuses()["cat.png"] == "known"


def test_a_radius_that_changes_changes_the_answer(desk):
    code = bytearray(hash_pixels(data.chelsea(), route="strict").code)
    for bit in range(20):
        code[bit] ^= 1
    desk.ingest()
    desk.list(code.hex(), 5, "pdq")
    assert desk.statuses()["cat.png"] == "new"
    desk.list(code.hex(), 31, "pdq")
    assert desk.statuses()["cat.png"] == "known"
    desk.list(code.hex(), 5, "pdq")
    assert desk.statuses()["cat.png"] == "new"


def test_the_same_file_read_otherwise_is_another_version(desk):
    desk.ingest()
    text = desk.digest("cat.png")
    desk.list(text, algorithm="pdq")
    assert desk.statuses()["cat.png"] == "new"
    assert desk.list(text, algorithm="sha256")["is_in_force_already"] is False
    assert desk.statuses()["cat.png"] == "known"


def test_before_comparing_was_finished_nothing_is_called_new(desk, monkeypatch):
    desk.ingest()

    def killed(home: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(lists_module, "update_matches", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.list(desk.digest("cat.png"))
    assert set(desk.statuses().values()) == {"not checked"}
    with desk.open(writing=False) as home:
        document = leads(home, "One")
    assert document["is_matching_complete"] is False
    assert not any("on no list" in lead["title"].lower() for lead in document["leads"])
    assert desk.list(desk.digest("cat.png"))["matches_added"] > 0
    assert desk.statuses()["cat.png"] == "known"


def test_both_copies_in_an_archive_are_looked_up(desk):
    desk.ingest()
    desk.list(hash_pixels(data.chelsea(), route="strict").code.hex(), algorithm="pdq")
    path = desk.place / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("1.png", "2.png"):
            archive.write(desk.source / "cat.png", name)
    with desk.open() as home:
        results = match_files(home, [bytes(path)])["results"]
    counts = {os.path.basename(item["path"]): len(item["matches"]) for item in results}
    assert (counts["1.png"], counts["2.png"]) == (1, 1)


def test_retrying_an_archive_meets_members_never_met(desk, monkeypatch):
    path = desk.place / "six.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(6):
            archive.writestr(f"{number}.txt", str(number))
    monkeypatch.setenv("FIRSTLIGHT_ARCHIVE_MEMBERS_MAX", "3")
    assert desk.ingest(path)["failed"]
    monkeypatch.delenv("FIRSTLIGHT_ARCHIVE_MEMBERS_MAX")
    again = desk.ingest(path, retry_failed=True)
    assert (again["files"], again["failed"]) == (7, [])


def test_statements_of_a_source_add_up_and_repeat_for_nothing(desk):
    when = "2026-05-01T09:30+02:00"
    desk.ingest(received_at=when)
    desk.ingest(custodian="Store")
    desk.ingest(received_at=when, custodian="Store")
    with desk.open(writing=False) as home:
        actions = [event.action for event in event_page(home.store, limit=1000)]
    assert actions.count("stated-source") == 1


def test_a_link_that_goes_takes_no_file_along(desk):
    (desk.source / "link").symlink_to("/nowhere")
    assert desk.ingest()["files"] == 2
    (desk.source / "link").unlink()
    assert desk.ingest()["files"] == 2
