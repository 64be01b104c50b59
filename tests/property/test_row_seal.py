"""Whatever the fields of a row hold, they are sealed and come back as they went in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.store import store_sample as sample
from tests.unit.store.sealed_sample import FORMS

from firstlight.errors import CaseErasedError, InternalError, SealBrokenError
from firstlight.model.ports import Sealer
from firstlight.store.rowform import RowForm, canonical_row
from firstlight.store.sealing import open_fields

CASES = (1, 2)
OF_CASES = [form for form in FORMS if "case_id" in form.names]
"""Tables whose rows belong to a case; the others' are under the home's key."""

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=9)
    | st.binary(max_size=9)
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4), max_leaves=8)
NUMBERS = st.integers(1, (1 << 63) - 1)
HOSTILE = (
    st.text(st.characters(), max_size=9)
    | st.floats()
    | st.integers(-(10**40), 10**40)
    | st.lists(st.text(st.characters(), max_size=4) | st.floats(), max_size=4)
)


@pytest.fixture(scope="module")
def sealer() -> Iterator[Sealer]:
    with TemporaryDirectory() as place:
        keys = sample.sealer_of(Path(place))
        for case_id in CASES:
            keys.add_case(case_id)
        yield keys


def expected(value: Any) -> Any:
    """Lists come back as tuples; there is one zero."""
    if isinstance(value, list):
        return tuple(expected(part) for part in value)
    return value + 0.0 if isinstance(value, float) else value


def same(left: Any, right: Any) -> bool:
    """Equal, and of the same kind: 1, 1.0 and True are three values."""
    return canonical_row([left]) == canonical_row([right])


@st.composite
def rows(draw: st.DrawFn, form: RowForm, values: st.SearchStrategy[Any]) -> dict[str, Any]:
    fields = [field for column in form.sealed_fields.values() for field in column]
    of_bytes = {"path", "tags", "salt"}
    row = {
        field: draw(st.none() | st.binary(max_size=9) if field in of_bytes else values)
        for field in fields
    }
    given = draw(st.sets(st.sampled_from(fields)))
    return {field: value for field, value in row.items() if field in given}


def written(form: RowForm, sealer: Sealer, row: dict[str, Any], number: int, case_id: int) -> Any:
    values = form.shape({**row, "case_id": case_id} if "case_id" in form.names else row)
    if form.key != "case_id":
        values[0] = number
    form.protect(values, row, sealer)
    return dict(zip(form.names, values, strict=True))


def read(form: RowForm, sealer: Sealer, stored: dict[str, Any]) -> dict[str, Any]:
    reader: Any = SimpleNamespace(sealer=sealer)
    found: dict[str, Any] = {}
    for column in form.sealed_fields:
        case_id = stored.get("case_id")
        place = (form.table.name, case_id, stored[form.key], stored[column], column)
        found |= open_fields(reader, *place)
    return found


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.table.name)
@settings(max_examples=30, deadline=None)
@given(data=st.data(), number=NUMBERS, case_id=st.sampled_from(CASES))
def test_fields_come_back(
    form: RowForm, sealer: Sealer, data: st.DataObject, number: int, case_id: int
) -> None:
    row = data.draw(rows(form, VALUES))
    stored = written(form, sealer, row, number, case_id)
    found = read(form, sealer, stored)
    assert set(found) == {field for column in form.sealed_fields.values() for field in column}
    for field, value in found.items():
        assert same(value, expected(row.get(field)))
    again = read(form, sealer, written(form, sealer, row, number, case_id))
    assert same(list(found.values()), list(again.values()))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.table.name)
@settings(max_examples=20, deadline=None)
@given(data=st.data(), number=NUMBERS, other=NUMBERS)
def test_they_open_in_their_own_row_and_case_alone(
    form: RowForm, sealer: Sealer, data: st.DataObject, number: int, other: int
) -> None:
    stored = written(form, sealer, data.draw(rows(form, VALUES)), number, 1)
    wrong = [{**stored, "case_id": case_id} for case_id in (2, None)]
    if form not in OF_CASES:
        wrong = [{**stored, "case_id": 1}]
    if form.key == "case_id":
        wrong = [{**stored, "case_id": 2}]
    elif other != number:
        wrong.append({**stored, form.key: other})
    for one in wrong:
        with pytest.raises(SealBrokenError):
            read(form, sealer, one)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.table.name)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_hostile_fields_are_tamed_once(form: RowForm, sealer: Sealer, data: st.DataObject) -> None:
    row = data.draw(rows(form, HOSTILE))
    found = read(form, sealer, written(form, sealer, row, 7, 1))
    again = read(form, sealer, written(form, sealer, found, 7, 1))
    assert same(list(found.values()), list(again.values()))
    for value in found.values():
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, str):
                assert "\x00" not in part.encode().decode()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.table.name)
@given(data=st.data())
def test_what_has_no_form_is_refused(form: RowForm, sealer: Sealer, data: st.DataObject) -> None:
    fields = [field for column in form.sealed_fields.values() for field in column]
    field = data.draw(st.sampled_from(fields))
    value = data.draw(st.sampled_from([{}, object(), {1}, 1j, [[{}]]]))
    with pytest.raises(InternalError):
        written(form, sealer, {field: value}, 1, 1)


HASHES = {
    form.table.name: {c.name: c.info for c in form.table.columns if "use" in c.info}
    for form in FORMS
}
HASHED = [form for form in FORMS if HASHES[form.table.name]]


@pytest.mark.parametrize("form", HASHED, ids=lambda form: form.table.name)
@settings(max_examples=30, deadline=None)
@given(first=st.binary(max_size=9), second=st.binary(max_size=9))
def test_equal_values_have_equal_hashes(
    form: RowForm, sealer: Sealer, first: bytes, second: bytes
) -> None:
    for name, one in HASHES[form.table.name].items():
        here = form.keyed_hash(sealer, name, 1, first)
        assert len(here) == 32
        assert (here == form.keyed_hash(sealer, name, 1, second)) == (first == second)
        assert (here == form.keyed_hash(sealer, name, 2, first)) == one["of_home"]
        row = {one["of"]: first}
        assert written(form, sealer, row, 1, 1)[name] == here
        assert written(form, sealer, {}, 1, 1)[name] is None


def test_nothing_is_sealed_for_an_erased_case() -> None:
    with TemporaryDirectory() as place:
        keys = sample.sealer_of(Path(place))
        keys.add_case(1)
        keys.erase_case(1)
        assert len(OF_CASES) > len(FORMS) // 2
        for form in OF_CASES:
            with pytest.raises(CaseErasedError):
                written(form, keys, {}, 1, 1)
