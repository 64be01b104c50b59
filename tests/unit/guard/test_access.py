"""Who acts is what the operating system says, not what the environment claims."""

from __future__ import annotations

import os
import pwd

import pytest

from firstlight.guard.access import current_actor


def test_the_login_of_the_user_id_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USER", "LOGNAME", "USERNAME", "LNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "somebody-else")
    actor = current_actor("  a search  ")
    assert actor.name == "os:" + pwd.getpwuid(os.getuid()).pw_name
    assert actor.purpose == "a search"


@pytest.mark.parametrize("purpose", [None, "", "  \n"])
def test_a_blank_purpose_is_not_stated(purpose: str | None) -> None:
    assert current_actor(purpose).purpose is None


def test_a_user_id_without_a_login_is_named_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_001)
    assert current_actor(None).name == "os:uid-4000000001"
