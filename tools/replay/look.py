"""A matter, a person or an agency as they were seen at one instant, or at two."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import chain, islice
from uuid import UUID

from libs.blobs import BlobStore
from libs.eventstore import Place, Recorded
from services.audit.names import Names
from services.audit.queries import Subject
from tools.replay.seen import Row, Viewer, state, told, view, viewers_of_agencies, viewers_of_person
from tools.replay.then import MATTERS, PAGE, Directory, Moment, Store, Then, rebuilt


class Unknown(Exception):
    """Nobody and nothing of this name was known then; the message says what."""


@dataclass(frozen=True)
class About:
    """One of the three is named: a matter, a person, or an agency by id or code."""

    trace: UUID | None = None
    person: UUID | None = None
    agency: str | None = None


def look(store: Store, blobs: BlobStore, about: About, instants: Sequence[datetime]) -> list[Row]:
    """What was seen at each of the instants, which stand in the order of time.

    Raises `Unknown`.
    """
    moments = [store.moment(at) for at in instants]
    last = moments[-1].place
    entered = store.directory(last)
    scenes = [(moment, Directory(entered, moment.place)) for moment in moments]
    subject = _subject(about, scenes)
    names, states = Names(blobs), list[Row]()
    with rebuilt(store, blobs) as then:
        matters = chain.from_iterable(store.matters(subject, last))
        events = _Events(then, merge(entered, matters, key=lambda event: event.place))
        for moment, directory in scenes:
            events.apply_until(moment.place)
            if about.trace:
                viewers = viewers_of_agencies(events.agencies, directory)
            else:
                viewers = _viewers(about, directory, moment)
            views = [
                told(
                    viewer, view(then, viewer, moment.at, whole=bool(about.trace)), directory, names
                )
                for viewer in viewers
            ]
            states.append(state(moment, views, then.failed))
    if about.trace and not events.agencies:
        raise Unknown(f"nothing was known of {about.trace} then")
    return states


def _subject(about: About, scenes: Sequence[tuple[Moment, Directory]]) -> Subject:
    if about.trace:
        return Subject(trace=about.trace)
    viewers = [one for moment, directory in scenes for one in _viewers(about, directory, moment)]
    if not viewers:
        raise Unknown(f"{about.person or about.agency} was not in the directory then")
    return Subject(agencies=tuple({UUID(viewer.agency_id) for viewer in viewers}))


def _viewers(about: About, directory: Directory, moment: Moment) -> list[Viewer]:
    if about.person:
        return viewers_of_person(about.person, directory, moment)
    return viewers_of_agencies(directory.agencies_called(about.agency or ""), directory)


class _Events:
    """Applies events, in the store's order, up to one moment and then the next."""

    def __init__(self, then: Then, events: Iterator[Recorded]) -> None:
        self._then = then
        self._events = events
        self._next = next(events, None)
        self.agencies: set[str] = set()

    def apply_until(self, place: Place) -> None:
        """Apply what stands up to a place; note the agencies whose matters they are."""
        while page := list(islice(self._until(place), PAGE)):
            self._then.advance(page)
            self.agencies |= {event.agency for event in page if event.category in MATTERS}

    def _until(self, place: Place) -> Iterator[Recorded]:
        while self._next is not None and self._next.place <= place:
            event, self._next = self._next, next(self._events, None)
            yield event
