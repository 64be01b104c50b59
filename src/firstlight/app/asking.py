"""Asking a person for a passphrase: on a terminal only, and never where there is none."""

from __future__ import annotations

import sys
from collections.abc import Callable


def asker(what: str, *, is_new: bool = True) -> Callable[[], str] | None:
    """Give what asks a person for a passphrase on a terminal; None where there is none.

    Args:
        is_new: Ask twice, until both are alike.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None

    def ask() -> str:
        from getpass import getpass

        while True:
            text = getpass(f"{what}: ")
            if not is_new or getpass(f"{what}, again: ") == text:
                return text
            sys.stderr.write("the two differ\n")

    return ask
