"""What an isolated worker does with a list file: parse it, block by block."""

from __future__ import annotations

import os
from itertools import islice
from typing import Any

from pydantic import TypeAdapter

from firstlight.errors import FirstlightError
from firstlight.intake.listformat.reading import open_list
from firstlight.model.hashlist import BadRow, HashAlgorithm, ListEntry, ListHeader
from firstlight.model.ports import WorkContext

BLOCK_ROWS = 2000

ROWS = TypeAdapter(list[ListEntry | BadRow])
HEADER = TypeAdapter(ListHeader)


def read_list(payload: Any, context: WorkContext) -> None:
    """Parse the list file that the payload names; emits a header, then blocks of rows."""
    header_key = b"header"
    context.begin(header_key)
    descriptor = os.open(payload["path"], os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=1 << 20) as stream:
        algorithm = payload["algorithm"]
        try:
            header, rows = open_list(
                stream,
                algorithm=HashAlgorithm(algorithm) if algorithm else None,
                columns=payload["columns"],
            )
            _emit(context, header_key, {"header": HEADER.dump_python(header)})
            number = 0
            while block := list(islice(rows, BLOCK_ROWS)):
                key = b"block-%d" % number
                number += 1
                if context.wants(key):
                    context.begin(key)
                    context.emit(key, {"rows": ROWS.dump_python(block)})
        except FirstlightError as error:
            _emit(context, header_key, {"error": [error.code, error.message]})


def _emit(context: WorkContext, key: bytes, result: Any) -> None:
    if context.wants(key):
        context.emit(key, result)
