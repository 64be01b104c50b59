"""The contract of ``ingest``."""

from __future__ import annotations

import base64
import os
import zipfile
from pathlib import Path

INTEGERS = ("files", "media", "matched_media", "new_media", "stacks")


def test_ingest_gives_the_promised_document(home, photos):
    answer = home("ingest", str(photos), "--case", "One", "--json")
    document = answer.document
    assert answer.code == 3
    assert document["case"] == "One"
    assert all(type(document[name]) is int for name in INTEGERS)
    assert document["files"] == 10
    assert document["media"] == 9
    assert document["matched_media"] == 0
    assert document["new_media"] == 9
    assert document["stacks"] == 1
    assert document["lists_searched"] == []
    assert type(document["seconds"]) is float
    failed = {Path(item["path"]).name: item for item in document["failed"]}
    assert set(failed) == {"cut.jpg", "empty.jpg", "words.jpg"}
    assert failed["cut.jpg"]["code"] == "truncated"
    assert failed["cut.jpg"]["is_partly_read"]
    for item in document["failed"]:
        assert item["code"]
        assert item["reason"]
        assert base64.b64decode(item["path_b64"]) == os.fsencode(item["path"])
    assert [Path(item["path"]).name for item in document["not_opened"]] == ["disk.cab"]


def test_the_same_source_again_adds_nothing(home, photos):
    first = home("ingest", str(photos), "--case", "One", "--json").document
    events = home("verify", "--json").document["events"]
    again = home("ingest", str(photos), "--case", "One", "--json").document
    for name in (*INTEGERS, "failed", "not_opened"):
        assert again[name] == first[name]
    assert again["read"] == 0
    assert again["not_reread"] == first["files"]
    # A run that adds nothing says that it began and ended, and nothing else.
    assert home("verify", "--json").document["events"] == events + 2


def test_reread_reports_a_changed_file_with_the_old_times(home, tmp_path, photos):
    source = tmp_path / "source"
    source.mkdir()
    for name in ("cat.jpg", "coffee.png"):
        (source / name).write_bytes((photos / name).read_bytes())
    home("ingest", str(source), "--case", "One")
    target = source / "coffee.png"
    before = target.stat()
    content = bytearray(target.read_bytes())
    content[-20] ^= 1
    target.write_bytes(content)
    os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
    document = home("ingest", str(source), "--case", "One", "--reread", "--json").document
    assert [Path(item["path"]).name for item in document["changed"]] == ["coffee.png"]
    assert document["files"] == 2
    assert home("verify").code == 0


def test_archives_and_nested_archives_are_opened(home, tmp_path, photos):
    inner, outer = tmp_path / "inner.zip", tmp_path / "outer.zip"
    with zipfile.ZipFile(inner, "w") as archive:
        archive.write(photos / "coffee.png", "deep/coffee.png")
    with zipfile.ZipFile(outer, "w") as archive:
        archive.write(inner, "inner.zip")
        archive.write(photos / "cat.jpg", "cat.jpg")
    document = home("ingest", str(outer), "--case", "One", "--json").document
    assert document["files"] == 4
    assert document["media"] == 4
    found = home("find", "--path", "deep/coffee.png", "--json").document["media"]
    assert len(found) == 1
    path = found[0]["sightings"][0]["path"]
    assert path.endswith("outer.zip!/inner.zip!/deep/coffee.png")
    again = home("ingest", str(outer), "--case", "One", "--json").document
    assert (again["files"], again["media"], again["read"]) == (4, 4, 0)


def test_names_that_are_no_text_come_through_exactly(home, tmp_path, photos):
    source = os.fsencode(tmp_path / "source")
    os.mkdir(source)
    picture = (photos / "coffee.png").read_bytes()
    names = [
        b"\xff\xfe.png",
        b"-if\nsystem(1).png",
        b"--help",
        "\u202egnp.txt".encode(),
        b"%s%n.png",
    ]
    for name in names:
        with open(os.path.join(source, name), "wb") as stream:
            stream.write(picture)
    answer = home("ingest", source, "--case", "One", "--json")
    assert answer.document["files"] == len(names)
    assert answer.document["media"] == 1
    media = home("find", "--case", "One", "--json").document["media"][0]
    paths = {base64.b64decode(seen["path_b64"]) for seen in media["sightings"]}
    assert paths == {os.path.join(source, name) for name in names}
    assert all("\n" not in seen["path"] for seen in media["sightings"])
    assert home("find", "--case", "One").code == 0


def test_nothing_is_written_to_the_source(home, tmp_path, photos):
    source = tmp_path / "source"
    source.mkdir()
    target = source / "cat.jpg"
    target.write_bytes((photos / "cat.jpg").read_bytes())
    os.utime(target, ns=(1_000_000_000, 2_000_000_000))
    before = (sorted(os.listdir(source)), target.stat())
    home("ingest", str(source), "--case", "One")
    after = (sorted(os.listdir(source)), target.stat())
    assert after[0] == before[0]
    assert after[1].st_mtime_ns == before[1].st_mtime_ns
    assert after[1].st_atime_ns == before[1].st_atime_ns


def test_links_and_special_files_are_listed_and_not_followed(home, tmp_path, photos):
    source = tmp_path / "source"
    source.mkdir()
    (source / "link.png").symlink_to(photos / "coffee.png")
    os.mkfifo(source / "pipe")
    document = home("ingest", str(source), "--case", "One", "--json").document
    assert document["files"] == 0
    assert {Path(item["path"]).name for item in document["skipped"]} == {"link.png", "pipe"}
    again = home("ingest", str(source), "--case", "One", "--json").document
    assert len(again["skipped"]) == 2


def test_what_is_not_stated_is_shown_as_not_stated(home, photos):
    file = str(photos / "coffee.png")
    home("ingest", file, "--case", "One", "--exhibit", "EX/1")
    source = home("case", "One", "--json").document["sources"][0]
    assert source["exhibit"] == "EX/1"
    assert source["custodian"] == source["legal_basis"] == source["received_at"] == "not stated"
    home("ingest", file, "--case", "One", "--received-at", "2026-05-01T09:30+02:00")
    source = home("case", "One", "--json").document["sources"][0]
    assert source["exhibit"] == "EX/1"
    assert source["received_at"].startswith("2026-05-01T07:30")


def test_a_path_that_is_not_there_is_a_usage_error(home, tmp_path):
    answer = home("ingest", str(tmp_path / "none"), "--case", "One")
    assert answer.code == 2
    assert "no such file" in answer.err
    assert home("case", "--json").document["cases"] == []


def test_a_bad_setting_is_named(home, photos):
    answer = home("ingest", str(photos), "--case", "One", FIRSTLIGHT_ITEM_WALL_S="soon")
    assert answer.code == 2
    assert "item_wall_s" in answer.err
