"""Who acts: the login that the operating system vouches for."""

from __future__ import annotations

import os
import pwd

from firstlight.model.event import Actor


def current_actor(purpose: str | None) -> Actor:
    """Name the person at this process by the login of its real user id.

    Environment variables are not asked: anybody can set them.

    Args:
        purpose: Why the person acts; blank counts as not stated.
    """
    uid = os.getuid()
    try:
        login = pwd.getpwuid(uid).pw_name
    except KeyError:
        login = f"uid-{uid}"
    stated = purpose.strip() if purpose else ""
    return Actor(name=f"os:{login}", purpose=stated or None)
