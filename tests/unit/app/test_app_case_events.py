"""Which events concern a case: whatever was done with it, its sources, items and media."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.unit.app.custody_home import make_home, opened
from tests.unit.store import store_sample as sample

from firstlight.app.child import ChildStatement, add_child, link_child
from firstlight.app.custody import export_custody, show_events
from firstlight.app.erasing import erase_case
from firstlight.app.home import Home
from firstlight.app.judgement import record_judgements
from firstlight.app.profile import _refuse_held
from firstlight.app.retention import RetentionStatement, state_retention
from firstlight.errors import CaseHeldError
from firstlight.store.event import event_page

Act = Callable[[Home], Any]


def hold(home: Home, case_name: str = "Case A") -> None:
    state_retention(home, case_name, RetentionStatement(is_on_hold=True))


def refused_erasure(home: Home) -> None:
    hold(home)
    with suppress(CaseHeldError):
        erase_case(home, "Case A", is_sure=True)


def refused_erasure_of_what_is_kept(home: Home) -> None:
    hold(home)
    with suppress(CaseHeldError):
        _refuse_held(home)


def erased_kept(home: Home) -> None:
    with home.store.transaction() as tx, tx.event(home.actor, "erased-kept", {"kept": 3}):
        pass


def judged(home: Home, kind: str, subject: str) -> None:
    record_judgements(home, kind, [subject], "looked-at", None)


def linked(home: Home, kind: str, subject: str) -> None:
    add_child(home, "C-1", ChildStatement())
    link_child(home, "C-1", kind, subject)


ACTS: list[tuple[str, Act, str]] = [
    ("refused erasure", refused_erasure, "refused"),
    ("refused erasure of what is kept", refused_erasure_of_what_is_kept, "refused"),
    ("hold", hold, "set-retention"),
    ("judged item", lambda home: judged(home, "sighting", "2"), "judged"),
    ("judged media", lambda home: judged(home, "media", sample.media_id(2)), "judged"),
    ("linked media", lambda home: linked(home, "media", sample.media_id(2)), "linked-child"),
    ("linked case", lambda home: linked(home, "case", "Case A"), "linked-child"),
    (
        "child of the case",
        lambda home: add_child(home, "C-1", ChildStatement(case_name="Case A")),
        "added-child",
    ),
    ("all that is kept erased", erased_kept, "erased-kept"),
]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("prepared") / "home"
    make_home(place)
    return place


@pytest.mark.parametrize(("name", "act", "action"), ACTS)
def test_every_act_on_a_case_is_among_its_events(
    prepared: Path, tmp_path: Path, name: str, act: Act, action: str
) -> None:
    shutil.copytree(prepared, tmp_path / "home")
    with opened(tmp_path / "home") as home:
        act(home)
        done = {one.event_seq for one in event_page(home.store, action=action)}
        shown = {
            case: {one["event"] for one in show_events(home, case_name=case)["events"]}
            for case in ("Case A", "Case B")
        }
        export_custody(home, tmp_path / "export", case_name="Case A")
    assert done
    assert done <= shown["Case A"], name
    assert bool(done & shown["Case B"]) == (action == "erased-kept"), name
    lines = [json.loads(one) for one in (tmp_path / "export").read_text().splitlines()]
    assert done <= {one[0] for one in lines if isinstance(one, list)}
