"""One JSON object a line: a constant name, fields, and the trace it belongs to."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

from libs.observability.traces import trace_id


class Logger:
    """Writes events by constant name; everything that varies is a field.

    Fields carry ids, numbers and codes, never documents, names of people or secrets.
    """

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)
        self._logger.setLevel(logging.INFO)

    def info(self, event: str, **fields: object) -> None:
        """Something happened as it should."""
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Something that the platform copes with, and a person may want to know."""
        self._write(logging.WARNING, event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Something that a person must look at."""
        self._write(logging.ERROR, event, fields)

    def exception(self, event: str, **fields: object) -> None:
        """As `error`, with the type and the place of the exception in hand, not its text."""
        self._logger.error(event, extra={"fields": fields}, exc_info=True)

    def _write(self, level: int, event: str, fields: dict[str, object]) -> None:
        self._logger.log(level, event, extra={"fields": fields})


def get_logger(name: str) -> Logger:
    """The logger of a module or part; `set_up_logging` decides where its lines go."""
    return Logger(name)


def set_up_logging(service: str, stream: TextIO | None = None) -> None:
    """Send every log line of this process to `stream` (default: standard output) as JSON.

    Our own loggers speak from INFO, libraries from WARNING.
    """
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(_JsonLines(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


class _JsonLines(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] | None = getattr(record, "fields", None)
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
        }
        if fields is None:
            line |= {"event": "library_message", "message": record.getMessage()}
        else:
            line |= {"event": record.msg}
        if trace := trace_id():
            line["trace"] = trace
        if record.exc_info and record.exc_info[1]:
            line |= _failure(record.exc_info[1])
        return json.dumps({**(fields or {}), **line}, default=str)


def _failure(error: BaseException) -> dict[str, object]:
    # Texts of exceptions carry statement parameters and other people's data: type and place do.
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    cause = error.__cause__
    return {
        "error": type(error).__qualname__,
        "cause": type(cause).__qualname__ if cause else None,
        "stack": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
