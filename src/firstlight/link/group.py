"""Grouping rows by edges: clusters that depend on the set of edges and on nothing else."""

from __future__ import annotations

from collections.abc import Iterable


def group_rows(row_count: int, edges: Iterable[tuple[int, int]]) -> list[int]:
    """Give every row the smallest row that it hangs together with.

    Args:
        row_count: Rows are numbered from 0.
        edges: Drawn once; in any order, in either direction, repeated or not.

    Raises:
        IndexError: An edge names a row outside the range.
    Cost: Near linear in rows and edges; edges are never held.
    Evidence: A group is a convenience for review. What two rows have to do with each other is
        said by the edge between them; where there is none, nothing is said.
    """
    parent = list(range(row_count))
    for left, right in edges:
        if left < 0 or right < 0:
            raise IndexError("edge names a row outside the range")
        a, b = _root(parent, left), _root(parent, right)
        if a < b:
            parent[b] = a
        elif b < a:
            parent[a] = b
    return [_root(parent, row) for row in range(row_count)]


def _root(parent: list[int], row: int) -> int:
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row
