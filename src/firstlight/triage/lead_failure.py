"""Leads on what was not read: failed, locked, not opened, and looked at by nobody."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.model.facts import FailureFacts
from firstlight.model.lead import Lead
from firstlight.model.media import Outcome, readable_path
from firstlight.triage.view import CaseView
from firstlight.triage.wording import SHOWN_MAX, compose, counted, listed, most_common, read_table

_PARTLY_READ = "partly-read"


def find_failures(view: CaseView) -> Iterator[Lead]:
    """One lead for each code under which items wait that nobody has looked at."""
    words = read_table("failure.toml")
    groups: dict[tuple[str, str], list[FailureFacts]] = {}
    for failure in view.facts.failures:
        if failure.is_looked_at:
            continue
        is_partly = failure.outcome is Outcome.READ and failure.code != "truncated"
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


def _order(failure: FailureFacts) -> tuple[bytes, int, str, str]:
    return (failure.full_path, failure.sighting_id, failure.reason, failure.stage)
