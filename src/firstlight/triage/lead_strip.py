"""Leads on missing metadata: a finding, not a blank."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from firstlight.model.facts import MediaFacts
from firstlight.model.lead import Lead
from firstlight.triage.account import account_for_new, account_for_sources
from firstlight.triage.origin import NamePattern, platform_pattern
from firstlight.triage.view import CaseView
from firstlight.triage.wording import compose, counted, listed, most_common, shown

CAMERA_FORMATS = frozenset(
    {"image/jpeg", "image/heic", "image/heif", "image/tiff", "video/mp4", "video/quicktime"}
)
"""What cameras and telephones write themselves, with data of their own in it."""


def find_stripped(view: CaseView) -> Iterator[Lead]:
    """One lead for each platform that names point to, and one for each source's remainder.

    Only media whose metadata were read count: what was not read is no finding.
    """
    by_platform: dict[str, list[tuple[MediaFacts, NamePattern]]] = {}
    plain: dict[int, list[MediaFacts]] = {}
    for media in view.media.values():
        if not media.is_visual or media.metadata is None or media.media_id in view.camera_of:
            continue
        patterns = [
            p
            for s in media.sightings
            if (p := platform_pattern(posixpath.basename(s.full_path))) is not None
        ]
        for pattern in {p.platform: p for p in patterns}.values():
            by_platform.setdefault(pattern.platform, []).append((media, pattern))
        if not patterns and media.mime in CAMERA_FORMATS:
            for source_id in {s.source_id for s in media.sightings}:
                plain.setdefault(source_id, []).append(media)
    for platform, members in by_platform.items():
        yield _strip_lead(
            view,
            [media for media, _ in members],
            platform=platform,
            reason="The names look like those that this platform gives.",
            limit=(
                "A name can be given by anybody, and platforms change theirs: the patterns were "
                f"last looked over in {max(pattern.reviewed for _, pattern in members)}."
            ),
        )
    for source_id, group in plain.items():
        yield _strip_lead(
            view,
            group,
            source=view.source_label(source_id),
            reason="These files are of kinds that cameras and telephones write.",
            limit="Whether the data were ever there cannot be seen.",
        )


def _strip_lead(
    view: CaseView,
    group: list[MediaFacts],
    *,
    reason: str,
    limit: str,
    platform: str | None = None,
    source: str = "",
) -> Lead:
    ids = [media.media_id for media in group]
    folders = {posixpath.dirname(s.full_path) for media in group for s in media.sightings}
    return compose(
        "stripped-metadata",
        case_name=view.facts.case_name,
        media_ids=ids,
        weight=float(len(ids)),
        values={
            "media": counted(len(ids)),
            "platform": platform or "",
            "source": source,
            "reason": reason,
            "limit": limit,
        },
        evidence=[
            (
                "folders",
                listed(shown(folder.decode("utf-8", "backslashreplace")) for folder in folders),
            ),
            ("types", most_common(media.mime for media in group)),
            ("on lists", account_for_new(view, ids)),
            ("seen in", account_for_sources(view, group)),
        ],
        title="title" if platform else "title_plain",
    )
