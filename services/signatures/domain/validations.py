"""A file is judged once, and again while somebody who could tell has not answered."""

from dataclasses import dataclass

from services.signatures.commands import RecordVerdict
from services.signatures.events import FileValidated


@dataclass(frozen=True)
class Validation:
    """One stream's state: the verdict that stands."""

    newest: FileValidated | None = None


NEW = Validation()


def decide(validation: Validation, command: RecordVerdict) -> list[FileValidated]:
    """Record the first verdict, and one that supersedes a pending one; a job may run twice."""
    verdict, newest = command.verdict, validation.newest
    superseded = newest.report if newest and newest.pending else ""
    if newest and not superseded:
        return []
    return [verdict] if verdict.supersedes == superseded else []


def evolve(_validation: Validation, event: FileValidated) -> Validation:
    """Apply a fact."""
    return Validation(event)
