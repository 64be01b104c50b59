"""Leads on names in metadata: owners and authors, programs."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.model.fingerprint import Metadata
from firstlight.model.lead import Lead
from firstlight.triage.account import (
    account_for_new,
    account_for_sources,
    account_for_times,
)
from firstlight.triage.origin import fold, is_firmware, is_nobody, names_editor
from firstlight.triage.view import CaseView
from firstlight.triage.wording import compose, counted, listed, shown


def find_owners(view: CaseView) -> Iterator[Lead]:
    """One lead for each name that metadata give as owner or author."""
    names: dict[str, list[tuple[str, Metadata]]] = {}
    for media_id, media in view.media.items():
        data = media.metadata
        if data is not None and data.owner and not is_nobody(data.owner):
            names.setdefault(fold(data.owner), []).append((media_id, data))
    for members in names.values():
        yield _name_lead(view, "owner-name", [(i, d, d.owner or "") for i, d in members], "")


def find_software(view: CaseView) -> Iterator[Lead]:
    """One lead for each program that metadata name, cameras' bare versions left out."""
    names: dict[str, list[tuple[str, Metadata]]] = {}
    for media_id, media in view.media.items():
        data = media.metadata
        if data is None or not data.software or not fold(data.software):
            continue
        if names_editor(data.software) or not is_firmware(data.software, data.model):
            names.setdefault(fold(data.software), []).append((media_id, data))
    for name, members in names.items():
        meaning = (
            "This names a program that edits or converts: the media may have passed through it."
            if names_editor(name)
            else "This may be a program, or a camera's own firmware."
        )
        yield _name_lead(
            view, "software-name", [(i, d, d.software or "") for i, d in members], meaning
        )


def _name_lead(
    view: CaseView, kind: str, members: list[tuple[str, Metadata, str]], meaning: str
) -> Lead:
    ids = [media_id for media_id, _, _ in members]
    cameras = {view.camera_labels[view.camera_of[i]] for i in ids if i in view.camera_of}
    steps = [shown(step) for _, data, _ in members for step in data.edit_history]
    return compose(
        kind,
        case_name=view.facts.case_name,
        media_ids=ids,
        weight=float(len(ids)),
        values={
            "name": min(shown(name) for _, _, name in members),
            "media": counted(len(ids)),
            "meaning": meaning,
        },
        evidence=[
            ("name, as found", listed(shown(name) for _, _, name in members)),
            ("cameras", listed(cameras) or "not stated"),
            ("on lists", account_for_new(view, ids)),
            ("times", account_for_times(view, ids)),
            *([("editing recorded", listed(steps))] if steps else []),
            ("seen in", account_for_sources(view, [view.media[i] for i in ids])),
        ],
    )
