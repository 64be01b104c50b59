"""Work functions for the engine's tests; imported by workers, so light."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time


def do(order, context):
    """Carry out one order: the last word of an item's key says what befalls it."""
    word, _, rest = order.partition(b":")
    if word == b"plain":
        return len(rest)
    if word == b"ask":
        return context.ask(rest)
    return FATES[word](context)


def chunk(payload, context):
    """Begin, do and emit each item of a chunk whose key is ``number|order``."""
    for key in payload:
        if not context.wants(key):
            continue
        context.begin(key)
        context.emit(key, do(key.partition(b"|")[2], context))


def nested(payload, context):
    """Items are ``{key: members}``: a container is begun before its members, emitted after."""
    for key, members in payload.items():
        _container(key, members, context)


def _container(key, members, context):
    if not context.wants(key):
        return
    context.begin(key)
    if key.endswith(b"!"):
        os.abort()
    for member, below in members.items():
        if member == b"crash between":
            os.abort()
        elif below is not None:
            _container(member, below, context)
        elif context.wants(member):
            context.begin(member)
            context.emit(member, do(member.partition(b"|")[2], context))
    context.emit(key, len(members))


def silent(payload, context):
    """Say nothing about anything."""


def lose_outside(payload, context):
    """Crash with no item under trial."""
    os.abort()


def raise_outside(payload, context):
    """Raise with no item under trial."""
    raise KeyError("a secret name")


def environment(payload, context):
    """Emit the names in the environment."""
    context.emit(b"names", sorted(os.environ))


def _garbage(context):
    context._channel._connection.sendall(b"\x00\x00\x00\x05hello")
    time.sleep(60)


def _too_long(context):
    context._channel._connection.sendall(b"\xff\xff\xff\xff" + b"x" * 1000)
    time.sleep(60)


def _nonsense(context):
    context._channel.send([["begin"], 3])
    time.sleep(60)


def _spin(context):
    while True:
        pass


def _hog(context):
    return len(bytearray(1 << 33))


def _creep(context):
    held = []
    while True:
        held.append(bytearray(1 << 26))


def _raise(context):
    raise LookupError("a secret name in the text")


FATES = {
    b"abort": lambda context: os.abort(),
    b"segv": lambda context: ctypes.string_at(0),
    b"kill": lambda context: os.kill(os.getpid(), signal.SIGKILL),
    b"exit": lambda context: os._exit(0),
    b"sysexit": lambda context: sys.exit(3),
    b"hang": lambda context: time.sleep(600),
    b"spin": _spin,
    b"hog": _hog,
    b"long": lambda context: bytes((1 << 26) + 1),
    b"creep": _creep,
    b"raise": _raise,
    b"garbage": _garbage,
    b"toolong": _too_long,
    b"nonsense": _nonsense,
    b"close": lambda context: (context._channel._connection.close(), time.sleep(60)),
    b"sleep": lambda context: time.sleep(0.2),
}


def settings(payload, context):
    """Emit the settings of the run."""
    context.emit(b"settings", context.settings)
