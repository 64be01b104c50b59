"""A worker process: locks itself in, then does one task after another until it is told to end.

Started as ``python -m firstlight.engine.worker DESCRIPTOR PARENT``. Light imports only: what the
work needs is imported after the locks that must come first.
"""

from __future__ import annotations

import importlib
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any

from firstlight.engine.context import Channel, Context, MainGoneError
from firstlight.engine.isolation import leave_machine, lock_worker, prepare_filter
from firstlight.engine.linux import die_with_parent
from firstlight.engine.toolhost import open_tools

if TYPE_CHECKING:
    from firstlight.model.ports import WorkFunction

OUT_OF_MEMORY_EXIT = 71


def main(arguments: list[str]) -> int:
    """Serve the main process over an inherited descriptor; returns the exit code."""
    parent = int(arguments[1])
    die_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = Channel(socket.socket(fileno=int(arguments[0])))
    try:
        return _serve(channel, parent)
    except (MainGoneError, BrokenPipeError, ConnectionResetError):
        return 0


def _serve(channel: Channel, parent: int) -> int:
    start = channel.next_task()[1]
    try:
        calls = prepare_filter()
        isolation = leave_machine(parent)
        tools, tool_server = open_tools(start, lambda: channel.send(["tick"]))
        isolation |= lock_worker(start, calls, lambda: _load(start))
        isolation |= tool_server.report()
        work = _find_function(start["function"])
    except Exception as error:  # noqa: BLE001 - whatever it is, the main process must hear of it
        channel.send(["unable", type(error).__name__, str(error)])
        return 1
    channel.send(["ready", isolation])
    while True:
        _, _, payload, only, ancestors, done = channel.next_task()
        context = Context(channel, tools, start["settings"], only, ancestors, done)
        try:
            work(payload, context)
        except (MainGoneError, BrokenPipeError):
            raise
        except MemoryError:
            os._exit(OUT_OF_MEMORY_EXIT)
        except Exception as error:  # noqa: BLE001 - any fault of the work costs its item alone
            channel.send(["failed", type(error).__name__])
        else:
            channel.send(["done"])


def _load(start: dict[str, Any]) -> None:
    for name in start["preload"]:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    _find_function(start["function"])


def _find_function(name: str) -> WorkFunction:
    module, _, attribute = name.partition(":")
    function: WorkFunction = getattr(importlib.import_module(module), attribute)
    return function


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
