"""Leads on other cases of the store that hold the same content."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.model.facts import MediaFacts
from firstlight.model.lead import Lead
from firstlight.triage.account import account_for_new, account_for_sources
from firstlight.triage.view import CaseView
from firstlight.triage.wording import compose, counted, most_common, shown


def find_other_cases(view: CaseView) -> Iterator[Lead]:
    """One lead for each other case in which the same content was seen."""
    groups: dict[str, list[MediaFacts]] = {}
    for media in view.media.values():
        if media.is_visual:
            for name in set(media.other_case_names) - {view.facts.case_name}:
                groups.setdefault(name, []).append(media)
    for name, group in groups.items():
        ids = [media.media_id for media in group]
        yield compose(
            "content-in-other-case",
            case_name=view.facts.case_name,
            media_ids=ids,
            weight=float(len(ids)),
            values={
                "other_case": shown(name),
                "media": counted(len(ids)),
                "on_lists": account_for_new(view, ids),
            },
            evidence=[
                ("same content", f"{len(ids):,}"),
                ("on lists", account_for_new(view, ids)),
                ("types", most_common(media.mime for media in group)),
                ("seen in", account_for_sources(view, group)),
            ],
            other_case_names=[name],
        )
