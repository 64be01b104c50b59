"""Cases: opened by the first thing that is filed under them."""

from __future__ import annotations

from typing import Any
from unicodedata import normalize

from firstlight.app.documents import locator_fields, path_fields, time_text
from firstlight.app.home import Home
from firstlight.errors import UnknownNameError, UsageError
from firstlight.store.case import CaseRow, add_case, find_case, list_cases
from firstlight.store.child import list_children
from firstlight.store.sighting import changed_sightings
from firstlight.store.source import count_source, last_run, list_sources

NAME_MAX_CHARS = 200


def open_case(home: Home, name: str) -> CaseRow:
    """Return a case, opening it first where there is none of that name.

    Raises:
        UsageError: The name is empty, too long or holds control characters.
    """
    check_name("case", name)
    found = _found(home, name)
    if found is not None:
        return found
    name = _one_form(name)
    with (
        home.store.transaction() as transaction,
        transaction.event(home.actor, "opened-case", {}) as event,
    ):
        add_case(transaction, event, name)
    return require_case(home, name)


def check_name(what: str, name: str) -> None:
    """Refuse names that would be lost in a table or change it.

    Raises:
        UsageError: The name is empty, too long or holds control characters.
    """
    if not name.strip() or len(name) > NAME_MAX_CHARS or not name.isprintable():
        raise UsageError(f"a {what} name is 1 to {NAME_MAX_CHARS} printable characters")


def require_case(home: Home, name: str) -> CaseRow:
    """Return a case.

    Raises:
        UnknownNameError: There is none of that name.
    """
    found = _found(home, name)
    if found is None:
        raise UnknownNameError("no such case; `firstlight case` lists them", detail=name)
    return found


def _found(home: Home, name: str) -> CaseRow | None:
    return find_case(home.store, name) or find_case(home.store, _one_form(name))


def _one_form(name: str) -> str:
    """Bring a name into one form: two cases that look alike would share no hold and no erasure."""
    return normalize("NFC", name.strip())


def list_case_documents(home: Home) -> dict[str, Any]:
    """Give the document of ``case --json``."""
    return {
        "cases": [
            {
                "case": row.case.name,
                "opened_at": time_text(row.case.opened_at),
                "sources": row.sources,
                "files": row.files,
                "media": row.media,
                "matched_media": row.matched_media,
                "failed": row.failed,
            }
            for row in list_cases(home.store)
        ]
    }


def case_document(home: Home, name: str) -> dict[str, Any]:
    """Give the document of ``case NAME --json``: its sources, each with counts, and children."""
    case = require_case(home, name)
    sources = []
    for row in list_sources(home.store, case.case_id):
        counts = count_source(home.store, row.source_id)
        run = last_run(home.store, row.source_id)
        sources.append(
            {
                "source_id": row.source_id,
                **path_fields(row.path),
                "kind": row.kind,
                "exhibit": row.exhibit or "not stated",
                "custodian": row.custodian or "not stated",
                "legal_basis": row.legal_basis or "not stated",
                "received_at": row.received_at or "not stated",
                "files": counts.files,
                "media": counts.media,
                "matched_media": counts.matched_media,
                "failed": counts.failed,
                "not_opened": counts.not_opened,
                "skipped": counts.skipped,
                "last_run": None if run is None else run.state,
            }
        )
    return {
        "case": case.name,
        "opened_at": time_text(case.opened_at),
        "sources": sources,
        "children": [row.child_key for row in list_children(home.store, case_id=case.case_id)],
        "changed": [
            locator_fields(row.locator) for row in changed_sightings(home.store, case.case_id)
        ],
    }
