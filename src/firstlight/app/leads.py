"""The leads of a case, worked out anew from its facts each time they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstlight.app.case import require_case
from firstlight.app.documents import path_fields
from firstlight.app.facts import gather_facts
from firstlight.app.home import Home
from firstlight.app.matching import is_matching_complete
from firstlight.model.facts import CaseFacts, SightingFacts
from firstlight.model.lead import Lead
from firstlight.triage.leads import build_leads

SIGHTINGS_SHOWN = 3


def leads(home: Home, case_name: str) -> dict[str, Any]:
    """Give the document of ``leads --json``: the lines of enquiry, the first one first.

    Raises:
        UnknownNameError: No such case.
    """
    facts = gather_facts(home, require_case(home, case_name))
    is_complete = is_matching_complete(home.store)
    sightings = {media.media_id: media.sightings for media in facts.media}
    return {
        "case": case_name,
        "at": facts.now_at.isoformat(),
        "is_matching_complete": is_complete,
        "lists": [_list_document(facts, number) for number in range(len(facts.lists))],
        "leads": [
            lead_document(lead, number, sightings)
            for number, lead in enumerate(build_leads(facts), start=1)
        ],
    }


def lead_document(
    lead: Lead, number: int, sightings: Mapping[str, tuple[SightingFacts, ...]]
) -> dict[str, Any]:
    """Give one lead with the first places of each media it concerns."""
    return {
        "place": number,
        "kind": lead.kind,
        "title": lead.title,
        "why": lead.why,
        "evidence": [{"name": name, "value": value} for name, value in lead.evidence],
        "next_step": lead.next_step,
        "limits": lead.limits,
        "cases": list(lead.case_names),
        "media": [
            {
                "media_id": media_id,
                "sightings": [
                    path_fields(sighting.full_path)
                    for sighting in sightings.get(media_id, ())[:SIGHTINGS_SHOWN]
                ],
            }
            for media_id in lead.media_ids
        ],
    }


def _list_document(facts: CaseFacts, number: int) -> dict[str, Any]:
    row = facts.lists[number]
    return {
        "list": row.name,
        "purpose": str(row.purpose),
        "near_copies": f"{row.pdq_entry_count:,} of {row.entry_count:,}",
        "is_trusted": row.is_trusted,
    }
