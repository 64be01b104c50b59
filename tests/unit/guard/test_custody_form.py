"""The written form of events: fixed vectors, so that no later version changes it unseen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from firstlight.errors import InternalError
from firstlight.guard.custody import (
    ACTIONS,
    GENESIS_SHA256,
    canonical_json,
    check_chain,
    event_sha256,
    read_time,
    write_time,
)

EVENT = {
    "event_seq": 1,
    "at": "2026-01-02T03:04:05.000006Z",
    "actor": "os:somebody",
    "purpose": None,
    "tool": "firstlight 0.1.0",
    "action": "opened-case",
    "inputs": "{}",
    "outputs": "{}",
    "previous_sha256": GENESIS_SHA256,
}


def test_the_digest_of_an_event_is_what_it_always_was() -> None:
    # printf '%s' '[1,"2026-...",...,{"hex":"00..."}]' | sha256sum
    assert event_sha256(**EVENT).hex() == VECTOR


VECTOR = "fa8f681e8b24b2b661e7e09458e0e49697fcd7986cc43c69275bd7472acece40"


def test_canonical_json_has_one_form() -> None:
    value = {"b": [1.0, True, None, b"\x00\xff"], "a": "é\u2028"}
    text = '{"a":"\\u00e9\\u2028","b":[1.0,true,null,{"hex":"00ff"}]}'
    assert canonical_json(value) == text


@pytest.mark.parametrize("value", [float("nan"), {"a": object()}, {(1, 2): 3}, {1, 2}])
def test_what_is_not_plain_is_refused(value: object) -> None:
    with pytest.raises(InternalError):
        canonical_json(value)


def test_a_value_that_holds_itself_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(InternalError):
        canonical_json(value)


def test_times_have_one_form() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    assert write_time(at) == "2026-01-02T01:04:05.000000Z"
    assert read_time(write_time(at)) == at
    assert read_time(write_time(at)).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02T01:04:05Z",
        "2026-01-02T01:04:05.000000",
        "2026-01-02",
        "",
        "2026-01-02T01:04:05.000000+00:00",
    ],
)
def test_times_in_another_form_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"form|Invalid"):
        read_time(text)


def test_an_empty_log_is_whole() -> None:
    assert check_chain([]) is None


def test_every_action_says_what_it_is() -> None:
    assert all(text.endswith(".") and name == name.lower() for name, text in ACTIONS.items())
    assert {"ingested", "retried", "re-read", "refused"} <= set(ACTIONS)
