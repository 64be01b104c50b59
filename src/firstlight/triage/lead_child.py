"""Leads on children whom people have linked with this case and who are not yet identified."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.model.facts import ChildFacts
from firstlight.model.lead import Lead
from firstlight.triage.account import account_for_times
from firstlight.triage.view import CaseView
from firstlight.triage.wording import compose, counted, shown

STATES_AT_REST = frozenset({"identified", "safeguarded"})
"""States set by people in which the search for a child is over."""


def find_children(view: CaseView) -> Iterator[Lead]:
    """One lead for each child not yet identified: what stands close to the child's media.

    Evidence: Close by near-copy, burst or body serial. Who is shown is for people to say.
    """
    here = {media.media_id for media in view.facts.media}
    open_children = [
        (child, linked)
        for child in view.facts.children
        if child.state not in STATES_AT_REST and (linked := here.intersection(child.media_ids))
    ]
    if not open_children:
        return
    near: dict[str, set[str]] = {}
    for pair in view.pairs:
        near.setdefault(pair.media_a, set()).add(pair.media_b)
        near.setdefault(pair.media_b, set()).add(pair.media_a)
    bursts: dict[str, set[str]] = {}
    for burst in view.bursts:
        for media_id in burst.media_ids:
            bursts.setdefault(media_id, set()).update(burst.media_ids)
    for child, linked in open_children:
        yield _child_lead(view, child, linked, near, bursts)


def _child_lead(
    view: CaseView,
    child: ChildFacts,
    linked: set[str],
    near: dict[str, set[str]],
    bursts: dict[str, set[str]],
) -> Lead:
    looks_alike = set().union(*(near.get(one, ()) for one in linked)) - linked
    same_burst = set().union(*(bursts.get(one, ()) for one in linked)) - linked
    bodies = {
        view.camera_of[one]
        for one in linked
        if one in view.camera_of and view.camera_of[one].has_serial
    }
    same_camera = {i for c in view.cameras if c.key in bodies for i in c.media_ids} - linked
    related = looks_alike | same_burst | same_camera
    places = sum(
        1
        for one in linked | related
        if (media := view.media.get(one)) and media.metadata and media.metadata.place
    )
    return compose(
        "unidentified-child",
        case_name=view.facts.case_name,
        media_ids=linked | related,
        weight=float(len(linked | related)),
        values={
            "child": shown(child.child_key),
            "state": shown(child.state),
            "linked": counted(len(linked)),
            "related": f"{len(related):,}",
        },
        evidence=[
            ("child", shown(child.child_key)),
            ("state, set by a person", shown(child.state)),
            ("linked by people", f"{len(linked):,}"),
            ("near-copies of those", f"{len(looks_alike):,}"),
            ("in one burst with those", f"{len(same_burst):,}"),
            ("by the same camera body", f"{len(same_camera):,}"),
            ("of all these, with a stated place", f"{places:,}"),
            ("times", account_for_times(view, linked | related)),
        ],
    )
