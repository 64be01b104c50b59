"""How long a case is kept, on hold or not, and what is due: as a person says it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import quick_caller

from firstlight.app.case import open_case
from firstlight.app.home import init_home, open_home

NAMES = ("Case A", "list", "erase", "-x", "--json")


@pytest.fixture
def cases(tmp_path: Path) -> Callable:
    """A home with a case of each name (made without an ingest: that costs workers)."""
    return with_cases(tmp_path, *NAMES)


@pytest.fixture(scope="module")
def cases_once(tmp_path_factory: pytest.TempPathFactory) -> Callable:
    """One home for the tests that leave it as it is."""
    return with_cases(tmp_path_factory.mktemp("refusals"), "Case A")


def with_cases(place: Path, *names: str) -> Callable:
    init_home(str(place / "home"), "test")
    with open_home(str(place / "home"), "test", writing=True) as opened:
        for name in names:
            open_case(opened, name)
    return quick_caller(place)


def stated(program: Callable, name: str) -> dict:
    return program("case", "show", "--json", "--", name).document["retention"]


def test_class_review_hold_and_release(cases):
    fresh = cases("case", "retention", "Case A", "--json").document
    assert fresh == {
        "case": "Case A", "retention_class": None, "review_on": None, "is_due": False,
        "is_on_hold": False, "reason": None, "stated_by": None, "stated_at": None,
    }  # fmt: skip
    said = cases("case", "retention", "Case A", "--class", "10 years", "--review-on",
                 "2027-03-01", "--reason", "schedule 4.2", "--json").document  # fmt: skip
    assert (said["retention_class"], said["review_on"]) == ("10 years", "2027-03-01")
    assert said["reason"] == "schedule 4.2"
    # What is not said anew stays as it was said.
    held = cases("case", "hold", "Case A", "--reason", "order of 14 May", "--json").document
    assert (held["retention_class"], held["review_on"]) == ("10 years", "2027-03-01")
    assert held["is_on_hold"]
    later = cases("case", "retention", "Case A", "--review-on", "2028-01-01")
    assert "on legal hold" in later.out
    assert stated(cases, "Case A")["is_on_hold"]
    free = cases("case", "release", "Case A", "--reason", "lifted", "--json").document
    assert (free["is_on_hold"], free["review_on"]) == (False, "2028-01-01")
    assert cases("verify").code == 0


def test_what_is_due(cases):
    def review(name: str, date: str) -> None:
        assert cases("case", "retention", "--review-on", date, "--", name).code == 0

    review("Case A", "2001-01-01")
    review("list", "2101-01-01")
    now = cases("case", "due", "--json").document
    assert [one["case"] for one in now["due"]] == ["Case A"]
    assert now["due"][0]["is_due"]
    assert {one["case"] for one in now["undated"]} == {"erase", "-x", "--json"}
    assert now["erased"] == []
    then = cases("case", "due", "--on", "2101-01-01", "--json").document
    assert [one["case"] for one in then["due"]] == ["Case A", "list"]
    day_before = cases("case", "due", "--on", "2100-12-31", "--json").document
    assert [one["case"] for one in day_before["due"]] == ["Case A"]
    said = cases("case", "due").out
    assert "2001-01-01" in said
    assert "nothing is ever erased by itself" in said
    assert "(due)" in cases("case", "Case A").out


@pytest.mark.parametrize(
    "options",
    [
        ("retention", "Case A", "--review-on", "20270301"),
        ("retention", "Case A", "--review-on", "2027-W01-1"),
        ("retention", "Case A", "--review-on", "2027-02-30"),
        ("retention", "Case A", "--review-on", ""),
        ("retention", "Case A", "--class", " "),
        ("retention", "Case A", "--class", "x" * 101),
        ("retention", "Case A", "--class", "two\nlines"),
        ("retention", "Case A", "--class", "\x1b[2J"),
        ("retention", "no such case", "--class", "x"),
        ("hold", "no such case", "--reason", "x"),
        ("hold", "Case A"),
        ("hold", "Case A", "--reason", "  "),
        ("release", "Case A"),
        ("due", "--on", "tomorrow"),
        ("due", "--on", "20270301"),
        ("erase", "Case A", "--yes"),
        ("erase", "Case A", "--reason", "x"),
        ("erase", "no such case", "--reason", "x", "--yes"),
    ],
    ids=lambda options: " ".join(options)[:40].encode("unicode_escape").decode(),
)
def test_what_is_refused_changes_nothing(cases_once, options):
    before = cases_once("custody", "show", "--json").document["log_events"]
    answer = cases_once("case", *options)
    assert answer.code == 2
    assert answer.err.startswith("firstlight: [") or "\nfirstlight: [" in answer.err
    assert "Traceback" not in answer.err
    assert cases_once("custody", "show", "--json").document["log_events"] == before


def test_erasing_under_hold_is_refused_and_the_refusal_is_on_record(cases):
    assert cases("case", "hold", "Case A", "--reason", "order").code == 0
    for options in ((), ("--yes",)):
        refused = cases("case", "erase", "Case A", "--reason", "tidying", *options)
        assert refused.code == 4
        assert "[case-held]" in refused.err
    events = cases("custody", "show", "--json").document["events"]
    last = [one for one in events if one["action"] == "refused"]
    assert len(last) == 2
    assert last[0]["inputs"]["what"] == "erase-case"
    assert last[0]["purpose"] == "tidying"
    assert stated(cases, "Case A")["is_on_hold"]
    assert cases("case", "release", "Case A", "--reason", "lifted").code == 0
    assert cases("case", "erase", "Case A", "--reason", "ended", "--yes").code == 0


def test_a_case_named_like_a_command_is_reached_by_show(cases):
    for name in NAMES:
        assert cases("case", "show", "--json", "--", name).document["case"] == name
    assert {one["case"] for one in cases("case", "--json").document["cases"]} == set(NAMES)
    assert cases("case", "Case A", "--json").document["case"] == "Case A"
    assert cases("case", "--json", "Case A").document["case"] == "Case A"
    assert cases("case", "--reason", "list", "--json", "Case A").document["case"] == "Case A"
    assert cases("case", "--reason", "why", "--json").document["cases"]
    assert cases("case", "--reason", "why", "hold", "erase").code == 0
    assert stated(cases, "erase")["is_on_hold"]
    assert cases("case", "--", "-x").code == 0
    assert cases("case", "erase", "--reason", "x", "--yes", "--", "list").code == 0
    left = {one["case"] for one in cases("case", "--json").document["cases"]}
    assert left == set(NAMES) - {"list"}
    assert cases("case", "--help").code == 0
    assert cases("case", "").code == 2


def test_a_class_that_looks_like_markup_is_printed_as_it_is(cases):
    cases("case", "retention", "Case A", "--class", "[red]x[/red]", "--review-on", "2001-01-01")
    assert "[red]x[/red]" in cases("case", "due").out
