"""Leads on cameras: one body, or one lens, in several sources or cases."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.link.camera import (
    Camera,
    CameraKey,
    device_name,
    explain_camera,
    serial_number,
)
from firstlight.model.fingerprint import Metadata
from firstlight.model.lead import Lead
from firstlight.triage.account import account_for_new, account_for_times
from firstlight.triage.view import CaseView
from firstlight.triage.wording import SHOWN_MAX, compose, counted, listed, shown

_Stated = tuple[str | None, str | None, str | None]


def find_cameras_across(view: CaseView) -> Iterator[Lead]:
    """One lead for each camera body that is stated in several sources or cases.

    Evidence: Without a body serial a model links nothing and makes no lead.
    """
    for camera in view.cameras:
        if camera.key.has_serial and len(camera.source_ids) + len(camera.elsewhere) > 1:
            yield _across_lead(view, camera)


def find_shared_lenses(view: CaseView) -> Iterator[Lead]:
    """One lead for each lens serial with several bodies, or without one in several sources."""
    lenses: dict[tuple[str, str], list[tuple[str, CameraKey, Metadata]]] = {}
    for media_id, camera in view.camera_of.items():
        data = view.media[media_id].metadata
        serial = serial_number(data.lens_serial) if data else ""
        if data and serial:
            key = (device_name(None, data.lens) or device_name(data.maker, None), serial)
            lenses.setdefault(key, []).append((media_id, camera, data))
    for (_, serial), members in lenses.items():
        bodies = {camera for _, camera, _ in members}
        bare = [media_id for media_id, camera, _ in members if not camera.has_serial]
        bare_sources = {s.source_id for i in bare for s in view.media[i].sightings}
        if len(bodies) < 2 and len(bare_sources) < 2:
            continue
        ids = [media_id for media_id, _, _ in members]
        lens = min(shown(data.lens) for _, _, data in members)
        yield compose(
            "shared-lens",
            case_name=view.facts.case_name,
            media_ids=ids,
            weight=float(len(bodies) * 1_000_000 + len(ids)),
            values={"lens": f"{lens}, serial {shown(serial)}"},
            evidence=[
                ("lens serial, as found", listed(shown(d.lens_serial) for _, _, d in members)),
                ("lens, as found", listed(shown(d.lens) for _, _, d in members)),
                ("cameras", listed(view.camera_labels[body] for body in bodies)),
                ("media without a body serial", f"{len(bare):,}"),
                ("times", account_for_times(view, ids)),
            ],
        )


def _across_lead(view: CaseView, camera: Camera) -> Lead:
    first: dict[int, _Stated] = {}
    counts: dict[int, int] = {}
    for media_id in camera.media_ids:
        media = view.media[media_id]
        data = media.metadata
        if data is None:
            continue
        stated = (data.maker, data.model, data.body_serial)
        for source_id in {s.source_id for s in media.sightings}:
            counts[source_id] = counts.get(source_id, 0) + 1
            first.setdefault(source_id, stated)
    here = sorted(first)
    base = first[here[0]]
    places: list[tuple[str, _Stated]] = [
        (f"{view.source_label(s)}: {counted(counts[s])}", first[s]) for s in here[1:]
    ]
    places += [
        (f"case {shown(o.case_name)}: {counted(o.media_count)}", (o.maker, o.model, o.body_serial))
        for o in camera.elsewhere
    ]
    evidence = [("first place", f"{view.source_label(here[0])}: {counted(counts[here[0]])}")]
    for where, stated in places[:SHOWN_MAX]:
        same = "; ".join(
            f"{f.name}: {shown(f.left)} = {shown(f.right)}" for f in explain_camera(base, stated)
        )
        evidence.append((f"also in {where}", same))
    if len(places) > SHOWN_MAX:
        evidence.append(("further places", f"{len(places) - SHOWN_MAX:,}"))
    if camera.lens_serials:
        evidence.append(("lens serials", listed(shown(one) for one in camera.lens_serials)))
    other_cases = {o.case_name for o in camera.elsewhere}
    return compose(
        "camera-across",
        case_name=view.facts.case_name,
        media_ids=camera.media_ids,
        weight=float((len(here) + len(other_cases)) * 1_000_000 + len(camera.media_ids)),
        values={
            "places": _places(len(here), len(other_cases)),
            "camera": view.camera_labels[camera.key],
        },
        evidence=[
            *evidence,
            ("on lists", account_for_new(view, camera.media_ids)),
            ("times", account_for_times(view, camera.media_ids)),
        ],
        other_case_names=other_cases,
    )


def _places(sources: int, cases: int) -> str:
    parts = [counted(sources, "source")] if sources > 1 or not cases else ["this case"]
    if cases:
        parts.append(counted(cases, "other case"))
    return " and ".join(parts)
