"""Structured log on standard error: codes and counts, never a path, name or text of a source."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog


def start_log(level: str = "warning") -> None:
    """Send log lines of this level and above to standard error, one JSON object a line."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def logger(stage: str) -> Any:
    """Return a logger bound to a stage's name."""
    return structlog.get_logger(stage=stage)
