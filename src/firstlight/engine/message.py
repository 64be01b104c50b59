"""What a worker may say, and how it is checked: a worker is never trusted."""

from __future__ import annotations

from firstlight.model.ports import Plain


class ProtocolError(Exception):
    """A worker said what no worker of ours says."""


_SHAPES: dict[str, tuple[type, ...]] = {
    "ready": (dict,),
    "unable": (str, str),
    "begin": (bytes,),
    "tick": (),
    "ask": (object,),
    "emit": (bytes, object),
    "done": (),
    "failed": (str,),
}


def checked(message: Plain) -> tuple[str, list[Plain]]:
    """Return a message's kind and arguments.

    Raises:
        ProtocolError: It is not of a known kind and shape.
    """
    if not isinstance(message, list) or not message or not isinstance(message[0], str):
        raise ProtocolError("no message")
    kind, *arguments = message
    shape = _SHAPES.get(kind)
    if shape is None or len(shape) != len(arguments):
        raise ProtocolError("no such message")
    if not all(isinstance(value, wanted) for value, wanted in zip(arguments, shape, strict=True)):
        raise ProtocolError("message of another shape")
    return kind, arguments


def class_name(name: str) -> str:
    """Return the name of an exception's class, if it can be one."""
    return name if name.isidentifier() and name.isascii() and len(name) <= 64 else "an exception"
