"""Leads on what was not read: failed, locked, not opened, and looked at by nobody."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.model.facts import FailureFacts
from firstlight.model.lead import Lead
from firstlight.model.media import Outcome, readable_path
from firstlight.triage.lead_oddity import is_cut_short
from firstlight.triage.view import CaseView
from firstlight.triage.wording import SHOWN_MAX, compose, counted, listed, most_common, read_table

_PARTLY_READ = "partly-read"


def find_failures(view: CaseView) -> Iterator[Lead]:
    """One lead for each code under which items wait that nobody has looked at.

    A picture or clip whose end is missing but which was read as far as it goes is not among
    them: ``find_truncated`` speaks of it.
    """
    words = read_table("failure.toml")
    groups: dict[tuple[str, str], list[FailureFacts]] = {}
    for failure in view.facts.failures:
        if failure.is_looked_at or is_cut_short(view, failure):
            continue
        is_partly = failure.outcome is Outcome.READ
        key = (failure.code, _PARTLY_READ if is_partly else failure.code)
        groups.setdefault(key, []).append(failure)
    for (code, wording), members in groups.items():
        yield _failure_lead(view, code, words.get(wording, words["other"]), members)


def _failure_lead(
    view: CaseView, code: str, words: dict[str, str], members: list[FailureFacts]
) -> Lead:
    items = {f.sighting_id: f for f in sorted(members, key=_order, reverse=True)}
    first = sorted(items.values(), key=_order)
    sizes = [f.size_bytes for f in first if f.size_bytes is not None]
    examples = "; ".join(readable_path(f.full_path) for f in first[:SHOWN_MAX])
    if len(first) > SHOWN_MAX:
        examples += f"; and {len(first) - SHOWN_MAX:,} more"
    return compose(
        "failure",
        case_name=view.facts.case_name,
        media_ids=[f.media_id for f in first if f.media_id is not None],
        weight=float(len(first)),
        values={
            "items": counted(len(first), "item"),
            "what": words["what"],
            "what_to_do": words["what_to_do"],
            "unseen": _unseen(first),
        },
        evidence=[
            ("code", code),
            ("reasons", most_common(f.reason for f in members)),
            ("stages", listed(f.stage for f in members if f.stage) or "not stated"),
            ("bytes in all", f"{sum(sizes):,}" if sizes else "not stated"),
            ("may succeed when tried again", f"{sum(f.is_retryable for f in first):,}"),
            ("items", examples),
            ("seen in", listed(view.source_label(f.source_id) for f in first)),
        ],
    )


def _unseen(items: list[FailureFacts]) -> str:
    """Say what of these was compared with lists, and what was not."""
    hashed = sum(f.media_id is not None for f in items)
    partly = sum(f.outcome is Outcome.READ for f in items)
    if partly == len(items):
        return "What could be read of these was compared with the lists; the rest was not."
    if not hashed:
        return "Nothing of these was read, so nothing of them was compared with any list."
    which = "these" if hashed == len(items) else f"{hashed:,} of these"
    rest = "" if hashed == len(items) else " Of the others nothing was read."
    return (
        f"Of {which} the bytes were read as a whole, so that an exact copy of a list's entry is "
        f"recognised; what they show or hold was not compared.{rest}"
    )


def _order(failure: FailureFacts) -> tuple[bytes, int, str, str]:
    return (failure.full_path, failure.sighting_id, failure.reason, failure.stage)
