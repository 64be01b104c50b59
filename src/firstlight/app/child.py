"""Children: a pseudonymous key, a state set by people, and what concerns the child."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from firstlight.app.case import require_case
from firstlight.app.documents import time_text
from firstlight.app.home import Home
from firstlight.errors import ConflictError, UnknownNameError, UsageError
from firstlight.store.case import case_names
from firstlight.store.child import (
    ChildLink,
    ChildRow,
    child_links,
    find_child,
    list_children,
)
from firstlight.store.media import find_media, media_by_prefix

STATES = ("unidentified", "partly-identified", "identified", "safeguarded")
LINK_KINDS = ("media", "series", "lead", "case", "stack")
AGE_MAX_YEARS = 17


@dataclass(frozen=True, slots=True)
class ChildStatement:
    """What a person states of a child; None leaves what was stated before.

    Args:
        age_from, age_to: Whole years, inclusive.
        age_source: Where the age comes from; required with an age.
    """

    state: str | None = None
    age_from: int | None = None
    age_to: int | None = None
    age_source: str | None = None
    case_name: str | None = None
    note: str | None = None


def add_child(home: Home, child_key: str, statement: ChildStatement) -> dict[str, Any]:
    """Record a child under a pseudonymous key.

    Raises:
        ConflictError: The key is taken.
    """
    if not child_key.strip() or len(child_key) > 100 or not child_key.isprintable():
        raise UsageError("a child's key is 1 to 100 printable characters, and never a name")
    if find_child(home.store, child_key) is not None:
        raise ConflictError("this key is taken", detail=child_key)
    values = _values(home, None, statement)
    with (
        home.store.transaction() as transaction,
        transaction.event(home.actor, "added-child", {}) as event,
    ):
        child_id = event.add("child", {"child_key": child_key})
        event.add("child_state", {"child_id": child_id, **values})
    return show_child(home, child_key)


def state_child(home: Home, child_key: str, statement: ChildStatement) -> dict[str, Any]:
    """Record a new state or age of a child; what was stated before stays on record."""
    row = _require(home, child_key)
    values = _values(home, row, statement)
    with (
        home.store.transaction() as transaction,
        transaction.event(home.actor, "stated-child", {}) as event,
    ):
        event.add("child_state", {"child_id": row.child_id, **values})
    return show_child(home, child_key)


def link_child(home: Home, child_key: str, subject_kind: str, subject: str) -> dict[str, Any]:
    """Record that something concerns a child.

    Raises:
        UnknownNameError: No such media or case.
    """
    row = _require(home, child_key)
    if subject_kind == "media":
        subject = _media_id(home, subject)
    elif subject_kind == "case":
        # Its number: a name would outlive the case.
        subject = str(require_case(home, subject).case_id)
    links = [(link.subject_kind, link.subject) for link in child_links(home.store, row.child_id)]
    if (subject_kind, subject) not in links:
        with (
            home.store.transaction() as transaction,
            transaction.event(home.actor, "linked-child", {"kind": subject_kind}) as event,
        ):
            values = {"child_id": row.child_id, "subject_kind": subject_kind, "subject": subject}
            event.add("child_link", values)
    return show_child(home, child_key)


def show_child(home: Home, child_key: str) -> dict[str, Any]:
    """Give one child with everything that concerns it."""
    row = _require(home, child_key)
    links = child_links(home.store, row.child_id)
    names = {str(case_id): name for case_id, name in case_names(home.store).items()}
    return {
        **child_document(row),
        "links": [{"kind": link.subject_kind, "subject": _subject(link, names)} for link in links],
    }


def _subject(link: ChildLink, names: dict[str, str]) -> str:
    if link.subject_kind != "case":
        return link.subject
    return names.get(link.subject, f"erased case {link.subject}")


def children_document(
    home: Home, *, states: tuple[str, ...], case_name: str | None
) -> dict[str, Any]:
    """Give the children in some states, the oldest case first."""
    case_id = require_case(home, case_name).case_id if case_name else None
    rows = [row for row in list_children(home.store, case_id=case_id) if row.state in states]
    rows.sort(key=lambda row: (row.case_opened_at or row.added_at, row.child_key))
    return {"children": [child_document(row) for row in rows]}


def child_document(row: ChildRow) -> dict[str, Any]:
    """Give one child."""
    return {
        "child": row.child_key,
        "state": row.state,
        "age_from": row.age_from,
        "age_to": row.age_to,
        "age_source": row.age_source or "not stated",
        "case": row.case_name,
        "case_opened_at": time_text(row.case_opened_at),
        "added_at": time_text(row.added_at),
        "stated_at": time_text(row.stated_at),
        "note": row.note,
    }


def _values(home: Home, before: ChildRow | None, statement: ChildStatement) -> dict[str, Any]:
    state = statement.state or (before.state if before else "unidentified")
    if state not in STATES:
        raise UsageError(f"a state is one of: {', '.join(STATES)}")
    age_from = statement.age_from if statement.age_from is not None else _of(before, "age_from")
    age_to = statement.age_to if statement.age_to is not None else _of(before, "age_to")
    age_source = statement.age_source or _of(before, "age_source")
    for age in (age_from, age_to):
        if age is not None and not 0 <= age <= AGE_MAX_YEARS:
            raise UsageError(f"an age is 0 to {AGE_MAX_YEARS} years")
    if age_from is not None and age_to is not None and age_from > age_to:
        raise UsageError("--age-from is larger than --age-to")
    if (age_from is not None or age_to is not None) and not age_source:
        raise UsageError("an age needs its source: --age-source")
    case_name = statement.case_name or (before.case_name if before else None)
    return {
        "state": state,
        "age_from": age_from,
        "age_to": age_to,
        "age_source": age_source,
        "case_id": require_case(home, case_name).case_id if case_name else None,
        "note": statement.note,
    }


def _of(row: ChildRow | None, name: str) -> Any:
    return None if row is None else getattr(row, name)


def _require(home: Home, child_key: str) -> ChildRow:
    row = find_child(home.store, child_key)
    if row is None:
        raise UnknownNameError("no child of that key", detail=child_key)
    return row


def _media_id(home: Home, text: str) -> str:
    if find_media(home.store, text.lower()) is not None:
        return text.lower()
    found = media_by_prefix(home.store, text.lower(), limit=2)
    if len(found) != 1:
        raise UnknownNameError("no media, or several, of that id", detail=text)
    return found[0].media_id
