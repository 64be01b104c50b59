"""Wording of leads: order and texts come from ``lead_kind.toml``, values are made safe to show."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from firstlight.errors import InternalError
from firstlight.model.lead import Lead
from firstlight.model.media import readable_path

SHOWN_MAX = 12
"""How many examples an evidence value lists before it counts the rest."""

_TEXT_CHARS_MAX = 160


@dataclass(frozen=True, slots=True)
class LeadKind:
    """One kind of lead.

    Args:
        rank: From 1, in the order of the table.
        ranked_because: Why it stands there.
        texts: Templates by name: title and its variants, why, next_step, limits.
    """

    name: str
    rank: int
    ranked_because: str
    texts: Mapping[str, str]


@lru_cache(maxsize=1)
def lead_kinds() -> Mapping[str, LeadKind]:
    """Every kind of lead by name, in order of rank."""
    return {
        row["name"]: LeadKind(
            row["name"],
            rank,
            row["ranked_because"],
            {k: v for k, v in row.items() if k not in ("name", "ranked_because")},
        )
        for rank, row in enumerate(read_table("lead_kind.toml")["kind"], start=1)
    }


def read_table(name: str) -> dict[str, Any]:
    """Read one of the tables beside this module."""
    return tomllib.loads(files(__package__).joinpath(name).read_text("utf-8"))


def compose(
    kind_name: str,
    *,
    case_name: str,
    media_ids: Iterable[str],
    weight: float,
    values: Mapping[str, str],
    evidence: Sequence[tuple[str, str]],
    other_case_names: Iterable[str] = (),
    title: str = "title",
) -> Lead:
    """Put a lead into words.

    Args:
        values: For the names in braces, through ``shown`` where they come from a source.
        evidence: Named values; what does not print is escaped here.
        title: Which of the kind's titles.

    Raises:
        InternalError: A template names a value that was not given.
    """
    kind = lead_kinds()[kind_name]
    try:
        texts = {
            part: " ".join(kind.texts[source].format_map(values).split())
            for part, source in (
                ("title", title),
                ("why", "why"),
                ("next_step", "next_step"),
                ("limits", "limits"),
            )
        }
    except KeyError as error:
        raise InternalError(f"lead {kind_name} lacks the value {error}") from error
    return Lead(
        kind=kind.name,
        rank=kind.rank,
        weight=weight,
        title=texts["title"],
        why=texts["why"],
        evidence=tuple((_visible(name), _visible(value)) for name, value in evidence),
        next_step=texts["next_step"],
        limits=texts["limits"],
        media_ids=tuple(sorted(set(media_ids))),
        case_names=(case_name, *sorted(set(other_case_names) - {case_name})),
    )


def shown(text: str | None) -> str:
    """Make text from a source safe to show on one line: controls escaped, length bounded."""
    if text is None or not text.strip():
        return "not stated"
    line = _visible(" ".join(text[: 4 * _TEXT_CHARS_MAX].split())) or "not stated"
    return line if len(line) <= _TEXT_CHARS_MAX else line[: _TEXT_CHARS_MAX - 1] + "…"


def _visible(text: str) -> str:
    # Nearly all text prints as it is; only the rest goes the slow way.
    if text.isprintable():
        return text
    return readable_path(text.encode("utf-8", "surrogatepass"))


def counted(number: int, noun: str = "media item", plural: str | None = None) -> str:
    """Write a number with its noun: ``1 media item``, ``2,000 media items``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def ranged(first: str, last: str) -> str:
    """Write a range of values; where both ends read the same, the one value."""
    return first if first == last else f"{first} to {last}"


def joined(parts: Sequence[str], word: str = "and") -> str:
    """Join parts as in a sentence: ``a``, ``a and b``, ``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def listed(values: Iterable[str], limit: int = SHOWN_MAX) -> str:
    """List the distinct values in order, then count those left out."""
    ordered = sorted(set(values))
    text = "; ".join(ordered[:limit])
    return f"{text}; and {len(ordered) - limit:,} more" if len(ordered) > limit else text


def most_common(values: Iterable[str], limit: int = SHOWN_MAX) -> str:
    """List the values with their counts, most frequent first, then count those left out."""
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    text = "; ".join(f"{value} ({count:,})" for value, count in ordered[:limit])
    return f"{text}; and {len(ordered) - limit:,} more" if len(ordered) > limit else text
