"""Verification finds what was changed behind the program's back; children and judgements."""

from __future__ import annotations

import sqlite3

import pytest


@pytest.fixture
def filled(home, photos, tmp_path):
    home("ingest", str(photos), "--case", "One", "--reason", "test of custody")
    return home, tmp_path / "home" / "store.sqlite"


def test_an_untouched_store_verifies(filled):
    home, _ = filled
    document = home("verify", "--json").document
    assert document["ok"] is True
    assert document["breaks"] == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE media SET size_bytes = size_bytes + 1 WHERE rowid = 2",
        "UPDATE sighting SET sealed = x'2f6e' WHERE sighting_id = 3",
        "UPDATE pdq SET quality = 100 - quality WHERE pdq_id = 1",
        "DELETE FROM failure WHERE failure_id = 1",
        "UPDATE event SET purpose = 'another' WHERE event_seq = 4",
        "DELETE FROM event WHERE event_seq = 5",
        "INSERT INTO judgement (judgement_id, subject_kind, subject, decision, event_seq) "
        "VALUES (99, 'sighting', '1', 'looked-at', 3)",
    ],
)
def test_a_changed_store_exits_5_and_names_the_break(filled, statement):
    home, path = filled
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA foreign_keys = OFF")
    assert connection.execute(statement).rowcount == 1
    connection.commit()
    connection.close()
    answer = home("verify", "--json")
    assert answer.code == 5
    assert answer.document["ok"] is False
    assert answer.document["breaks"][0]["reason"]


def test_a_store_that_is_no_database_is_a_clear_error(home, tmp_path):
    (tmp_path / "home" / "store.sqlite").write_bytes(b"rubbish" * 1000)
    answer = home("verify")
    assert answer.code in (5, 7)
    assert "Traceback" not in answer.err


def test_commands_without_a_home_say_what_to_do(program):
    answer = program("case")
    assert answer.code == 2
    assert "firstlight init" in answer.err


def test_init_twice_is_harmless(program):
    assert program("init", "--json").document["created"] is True
    assert program("init", "--json").document["created"] is False
    assert program("verify").code == 0


def test_children_are_listed_by_the_age_of_their_case(home, photos):
    home("ingest", str(photos / "cat.jpg"), "--case", "Old")
    home("ingest", str(photos / "coffee.png"), "--case", "New")
    assert home("child", "add", "C-2", "--case", "New").code == 0
    home("child", "add", "C-1", "--case", "Old", "--age-from", "7", "--age-to", "9",
         "--age-source", "report")  # fmt: skip
    home("child", "add", "C-3", "--state", "safeguarded")
    rows = home("children", "--json").document["children"]
    assert [row["child"] for row in rows] == ["C-1", "C-2"]
    assert home("child", "add", "C-1").code == 7
    assert home("child", "add", "C-4", "--age-from", "5").code == 2
    media = home("find", "--case", "Old", "--json").document["media"][0]["media_id"]
    linked = home("child", "link", "C-1", "--media", media[:12], "--json").document
    assert linked["links"] == [{"kind": "media", "subject": media}]
    home("child", "state", "C-1", "identified", "--note", "by the school")
    rows = home("children", "--json").document["children"]
    assert [row["child"] for row in rows] == ["C-2"]
    assert len(home("children", "--all", "--json").document["children"]) == 3
    assert home("show", media, "--json").document["children"] == ["C-1"]


def test_looking_at_a_failure_is_a_judgement(home, photos):
    home("ingest", str(photos), "--case", "One")

    def waiting() -> list[dict]:
        leads = home("leads", "--case", "One", "--json").document["leads"]
        return [lead for lead in leads if "looked at by nobody" in lead["title"]]

    before = waiting()
    assert before
    for code in ("decode-failed", "not-opened"):
        assert home("judge", "--case", "One", "--code", code, "--note", "seen").code == 0
    assert len(waiting()) < len(before)
    assert home("judge", "--case", "One", "--code", "nothing").code == 2


def test_leads_hold_every_promised_field(home, photos):
    home("ingest", str(photos), "--case", "One")
    leads = home("leads", "--case", "One", "--json").document["leads"]
    assert leads
    for lead in leads:
        for name in ("kind", "title", "why", "next_step", "limits"):
            assert lead[name]
        assert isinstance(lead["evidence"], list)
        assert isinstance(lead["media"], list)
    page = home("leads", "--case", "One", "--html").out
    assert page.startswith("<!doctype html>")
    assert "<img" not in page
    assert "<script" not in page


def test_help_lists_every_command(program):
    text = program("--help").out
    for name in ("init", "ingest", "lists", "match", "find", "show", "leads", "verify"):
        assert f"  {name} " in text
