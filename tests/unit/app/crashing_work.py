"""The real work function, in which contents that end in a mark bring their worker down."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from firstlight.app import item_reading, reading
from firstlight.fingerprint.reading import read_media


def read_chunk(payload: Any, context: Any) -> None:
    """Read a chunk; CRASH, HANG and HOG at the end of a content do what they say."""
    item_reading.read_media = trapped
    reading.read_chunk(payload, context)


def trapped(content: bytes | None, *arguments: Any, **named: Any) -> Any:
    end = (content or b"")[-8:]
    if end.endswith(b"CRASH"):
        os.kill(os.getpid(), signal.SIGSEGV)
    if end.endswith(b"HANG"):
        time.sleep(3600)
    if end.endswith(b"HOG"):
        bytearray(1 << 40)
    return read_media(content, *arguments, **named)
