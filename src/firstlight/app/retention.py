"""How long a case is kept: retention class, review date, legal hold, and what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from firstlight.app.case import require_case
from firstlight.app.documents import time_text
from firstlight.app.home import Home
from firstlight.errors import UsageError
from firstlight.store.case import list_cases
from firstlight.store.retention import (
    RetentionRow,
    find_retention,
    list_erasures,
    list_retention,
)

CLASS_MAX_CHARS = 100


@dataclass(frozen=True, slots=True)
class RetentionStatement:
    """What a person states of a case; None leaves what was stated before."""

    retention_class: str | None = None
    review_on: str | None = None
    is_on_hold: bool | None = None


def state_retention(home: Home, case_name: str, said: RetentionStatement) -> dict[str, Any]:
    """Record how long a case is to be kept, or that it must be.

    Raises:
        UsageError: A date is none, or a hold is set or lifted without a purpose.
    """
    case = require_case(home, case_name)
    before = find_retention(home.store, case.case_id)
    if said.is_on_hold is not None and home.actor.purpose is None:
        raise UsageError("a legal hold is set and lifted with its purpose: --reason TEXT")
    if said.review_on is not None:
        _check_date("--review-on", said.review_on)
    if said.retention_class is not None:
        _check_class(said.retention_class)
    values = {
        "case_id": case.case_id,
        "retention_class": _latest(said.retention_class, before and before.retention_class),
        "review_on": _latest(said.review_on, before and before.review_on),
        "is_on_hold": bool(_latest(said.is_on_hold, before and before.is_on_hold)),
        "reason": home.actor.purpose,
    }
    with (
        home.store.transaction() as tx,
        tx.event(home.actor, "set-retention", {"case": case.case_id}) as event,
    ):
        event.add("case_retention", values)
    return retention_document(home, case_name)


def _latest(said: Any, before: Any) -> Any:
    return before if said is None else said


def _check_class(text: str) -> None:
    if not text.strip() or len(text) > CLASS_MAX_CHARS or not text.isprintable():
        raise UsageError(f"a retention class is 1 to {CLASS_MAX_CHARS} printable characters")


def _check_date(option: str, text: str) -> None:
    try:
        is_date = date.fromisoformat(text).isoformat() == text
    except ValueError:
        is_date = False
    if not is_date:
        raise UsageError(f"{option} is a date: YYYY-MM-DD")


def retention_document(home: Home, case_name: str) -> dict[str, Any]:
    """Give what is stated of one case."""
    case = require_case(home, case_name)
    row = find_retention(home.store, case.case_id)
    return _document(row, case.name, _today())


def due_document(home: Home, on: str | None = None) -> dict[str, Any]:
    """Give the cases whose review is due, those that were never given a date, and erasures.

    Args:
        on: ISO 8601 date; today in UTC by default.
    """
    if on is not None:
        _check_date("--on", on)
    today = on or _today()
    stated = {row.case_id: row for row in list_retention(home.store)}
    cases = [
        _document(stated.get(one.case.case_id), one.case.name, today)
        for one in list_cases(home.store)
    ]
    cases.sort(key=lambda one: (one["review_on"] is None, one["review_on"], one["case"]))
    return {
        "on": today,
        "due": [one for one in cases if one["is_due"]],
        "undated": [one for one in cases if one["review_on"] is None],
        "erased": [
            {
                "case": row.case_id,
                "erased_at": time_text(row.erased_at),
                "actor": row.actor,
                "counts": row.counts,
            }
            for row in list_erasures(home.store)
        ],
    }


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _document(row: RetentionRow | None, case_name: str, today: str) -> dict[str, Any]:
    if row is None:
        return {
            "case": case_name,
            "retention_class": None,
            "review_on": None,
            "is_due": False,
            "is_on_hold": False,
            "reason": None,
            "stated_by": None,
            "stated_at": None,
        }
    return {
        "case": case_name,
        "retention_class": row.retention_class,
        "review_on": row.review_on,
        "is_due": row.review_on is not None and row.review_on <= today,
        "is_on_hold": row.is_on_hold,
        "reason": row.reason,
        "stated_by": row.actor,
        "stated_at": time_text(row.stated_at),
    }
