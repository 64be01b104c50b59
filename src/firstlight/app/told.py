"""What a command tells its user besides its answer: on standard error, one line each."""

from __future__ import annotations

import sys


def tell(sentence: str) -> None:
    """Tell the user something; never a path, name or text of a source."""
    print(f"firstlight: {sentence}", file=sys.stderr)  # noqa: T201 - this is the one place
