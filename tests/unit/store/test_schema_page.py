"""The page about the schema names every table and column, in order, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from firstlight.store.schema import METADATA

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "schema.md"


def described() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in PAGE.read_text("utf-8").split("\n## ")[1:]:
        name = part.split("`")[1]
        found[name] = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+\w[^|]+ \|$", part, re.MULTILINE)
    return found


def test_every_table_is_described() -> None:
    assert set(described()) == set(METADATA.tables)


@pytest.mark.parametrize("name", sorted(METADATA.tables))
def test_every_column_is_described_in_order(name: str) -> None:
    columns = [column.name for column in METADATA.tables[name].columns]
    if name != "event":
        assert columns.pop() == "event_seq"
    assert described()[name] == columns


@pytest.mark.parametrize("name", sorted(METADATA.tables))
def test_every_table_begins_with_its_number(name: str) -> None:
    first = METADATA.tables[name].columns[0]
    assert [first] == list(METADATA.tables[name].primary_key.columns)
