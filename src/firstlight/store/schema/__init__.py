"""The schema: every table of the store, append-only.

``docs/reference/schema.md`` says in words what each column means.
"""

from firstlight.store.schema.base import METADATA
from firstlight.store.schema.care import (
    case_erasure,
    case_retention,
    home_profile,
    kept,
    stated_purpose,
)
from firstlight.store.schema.finding import (
    child,
    child_link,
    child_state,
    event,
    judgement,
    judgement_note,
    match,
    match_progress,
    near_copy,
    near_copy_progress,
)
from firstlight.store.schema.intake import (
    case_file,
    failure,
    media,
    metadata,
    pdq,
    reading,
    run,
    sighting,
    source,
    source_statement,
)
from firstlight.store.schema.known import bad_row, entry, hash_list, list_tally, list_version

__all__ = [
    "METADATA",
    "bad_row",
    "case_erasure",
    "case_file",
    "case_retention",
    "child",
    "child_link",
    "child_state",
    "entry",
    "event",
    "failure",
    "hash_list",
    "home_profile",
    "judgement",
    "judgement_note",
    "kept",
    "list_tally",
    "list_version",
    "match",
    "match_progress",
    "media",
    "metadata",
    "near_copy",
    "near_copy_progress",
    "pdq",
    "reading",
    "run",
    "sighting",
    "source",
    "source_statement",
    "stated_purpose",
]
