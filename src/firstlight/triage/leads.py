"""Leads of a case: every finder in order, every lead in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from firstlight.model.facts import CaseFacts
from firstlight.model.lead import Lead
from firstlight.triage.lead_camera import find_cameras_across, find_shared_lenses
from firstlight.triage.lead_case import find_other_cases
from firstlight.triage.lead_child import find_children
from firstlight.triage.lead_clock import find_clocks
from firstlight.triage.lead_copy import find_better_copies, find_same_shots
from firstlight.triage.lead_failure import find_failures
from firstlight.triage.lead_known import find_beside_known, find_known, find_known_good
from firstlight.triage.lead_name import find_owners, find_software
from firstlight.triage.lead_new import find_new, find_unchecked
from firstlight.triage.lead_oddity import find_misnamed, find_thumbnails, find_truncated
from firstlight.triage.lead_place import find_places
from firstlight.triage.lead_strip import find_stripped
from firstlight.triage.view import CaseView, view_case

FINDERS: tuple[Callable[[CaseView], Iterator[Lead]], ...] = (
    find_children,
    find_beside_known,
    find_new,
    find_places,
    find_cameras_across,
    find_unchecked,
    find_owners,
    find_failures,
    find_other_cases,
    find_known,
    find_better_copies,
    find_thumbnails,
    find_same_shots,
    find_shared_lenses,
    find_clocks,
    find_misnamed,
    find_stripped,
    find_truncated,
    find_software,
    find_known_good,
)
"""What looks for leads. The order of leads comes from ``lead_kind.toml``, not from here."""


def build_leads(facts: CaseFacts) -> list[Lead]:
    """Work out all leads of a case, in the order in which to follow them.

    By rank of the kind, then weight, then the media concerned. The order of the input makes no
    difference. One media more (whose own pairs and failures come with it) takes nothing away:
    every media of a lead still stands in a lead of that kind, of at least that weight. All of
    them stand in one, but for the lead that gathers cameras with one or two media: a camera may
    leave it for a lead of its own, which comes before it.

    Cost: O(n log n) in media, pairs and failures.
    """
    view = view_case(facts)
    found = [lead for finder in FINDERS for lead in finder(view)]
    return sorted(found, key=_lead_order)


def _lead_order(lead: Lead) -> tuple[int, float, tuple[str, ...], str, tuple[tuple[str, str], ...]]:
    return (lead.rank, -lead.weight, lead.media_ids, lead.title, lead.evidence)
