"""What crosses between a worker and the main process: plain values, checked on arrival.

A worker has met hostile bytes, so nothing it says is trusted: no pickle, every report is rebuilt
field by field and must concern the item it was asked about.
"""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter, ValidationError

from firstlight.errors import DecodeError, WorkerLostError
from firstlight.model.derivative import Derivative
from firstlight.model.item import ItemReport

_REPORT = TypeAdapter(ItemReport)


def report_to_plain(report: ItemReport) -> Any:
    """Turn a report into plain values."""
    return _REPORT.dump_python(report, mode="python", warnings=False)


def report_from_plain(plain: Any, item_key: bytes) -> ItemReport:
    """Rebuild a report.

    Raises:
        WorkerLostError: The values are not a report of this item.
    """
    try:
        report = _REPORT.validate_python(plain)
    except ValidationError as error:
        raise WorkerLostError("the worker's account is malformed") from error
    if report.locator.key != item_key:
        raise WorkerLostError("the worker's account is of another item")
    if any(len(pdq.codes) != 256 for pdq in (report.reading.pdq if report.reading else ())):
        raise WorkerLostError("the worker's account holds a hash of the wrong size")
    if report.derivative is not None:
        _check_derivative(report.derivative)
    return report


def _check_derivative(content: bytes) -> None:
    try:
        Derivative.from_bytes(content)
    except DecodeError as error:
        raise WorkerLostError("the worker's account holds a derivative of no known form") from error
