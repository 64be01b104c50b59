"""What a run over sources came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from firstlight.app.chunks import SourceWalk, is_folder_key
from firstlight.app.documents import locator_fields, path_fields, trouble_document
from firstlight.app.finding import is_compared
from firstlight.app.home import Home
from firstlight.app.stacks import stacks_of
from firstlight.model.media import Outcome
from firstlight.store.case import CaseRow
from firstlight.store.hashlist import named_lists
from firstlight.store.match import matched_media
from firstlight.store.sighting import changed_sightings, seen_items, troubled_sightings


def ingest_document(
    home: Home,
    case: CaseRow,
    walks: Sequence[SourceWalk],
    isolation: Mapping[str, bool],
    *,
    folded: Sequence[bytes],
    is_interrupted: bool,
    seconds: float,
) -> dict[str, Any]:
    """Give the document of ``ingest --json``; its counts speak of the sources of this call."""
    with home.store.snapshot() as reader:
        files = 0
        media: set[str] = set()
        matched: set[str] = set()
        for walk in walks:
            for item in seen_items(reader, walk.source_id):
                files += item.outcome is not Outcome.SKIPPED and not is_folder_key(item.path)
                if item.media_id is not None:
                    media.add(item.media_id)
            if not is_interrupted:
                files -= walk.unmet_rows
            matched |= matched_media(reader, source_id=walk.source_id)
        troubled = [
            row for walk in walks for row in troubled_sightings(reader, source_id=walk.source_id)
        ]
        stacks = stacks_of(reader, case.case_id, media)
        is_checked = is_compared(reader)
        lists = [row.name for row in named_lists(reader)]
        changed = changed_sightings(reader, case.case_id)
    source_ids = {walk.source_id for walk in walks}
    totals = {name: sum(walk.counts[name] for walk in walks) for name in walks[0].counts}
    return {
        "case": case.name,
        "files": files,
        "media": len(media),
        "matched_media": len(matched),
        "new_media": len(media - matched),
        "stacks": len(stacks),
        "read": totals["read"],
        "not_reread": totals["not_reread"],
        "failed": _documents(troubled, (Outcome.READ, Outcome.FAILED)),
        "not_opened": _documents(troubled, (Outcome.NOT_OPENED,)),
        "skipped": _documents(troubled, (Outcome.SKIPPED,)),
        "changed": [locator_fields(row.locator) for row in changed if row.source_id in source_ids],
        "inside_another_source": [path_fields(path) for path in folded],
        "is_checked": is_checked,
        "lists_searched": lists,
        "isolation_missing": sorted(name for name, is_on in isolation.items() if not is_on),
        "interrupted": is_interrupted,
        "seconds": round(seconds, 3),
    }


def _documents(rows: Sequence[Any], outcomes: tuple[Outcome, ...]) -> list[dict[str, Any]]:
    return [trouble_document(row) for row in rows if row.outcome in outcomes]
