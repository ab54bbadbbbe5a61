"""What a soundly signed file could still do or show: scripts, programs, attachments, layers.

A signature says nothing about it: what the reader sees may not be what was signed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, IndirectObject
from pyhanko.pdf_utils.reader import PdfFileReader

MOST_OBJECTS = 10_000  # pages, notes, bookmarks, fields, actions: seconds of reading
MOST_FIELDS = 1_000  # each is read several times later
MOST_REVISIONS = 100  # twenty signatures, each with its evidence, make sixty
DEEPEST = 50
# Actions that stay within what is shown (ISO 32000-2, 12.6.4). All others run, send, open or hide.
_HARMLESS = {"/GoTo", "/Named", "/Thread", "/URI"}
_ACTIVE_NOTES = {"/3D", "/FileAttachment", "/Movie", "/RichMedia", "/Screen", "/Sound"}
_ACTIVE_NAMES = ("/JavaScript", "/EmbeddedFiles", "/Renditions", "/AlternatePresentations")


class _TooComplex(Exception):
    """The file has more of something than a document of an office has."""


def problem(reader: PdfFileReader) -> str | None:
    """`active_content`, `file_too_complex`, or None; bounded in time."""
    if reader.xrefs.total_revisions > MOST_REVISIONS:
        return "file_too_complex"
    try:
        return "active_content" if _Walk().finds(reader.root) else None
    except _TooComplex:
        return "file_too_complex"


class _Walk:
    def __init__(self) -> None:
        self._visited = 0
        self._seen: set[Any] = set()

    def finds(self, root: Any) -> bool:
        names, form = _dictionary(_get(root, "/Names")), _dictionary(_get(root, "/AcroForm"))
        # The form first: a file is refused for too many fields before anybody walks them again.
        return any(
            [
                "/XFA" in form,
                self._fields(_get(form, "/Fields")),
                "/AF" in root or "/Collection" in root,
                any(_filled(_get(names, name)) for name in _ACTIVE_NAMES),
                _hides_layers(_dictionary(_get(root, "/OCProperties"))),
                self._acts(root, "/OpenAction"),
                self._pages(_get(root, "/Pages")),
                self._bookmarks(_get(_dictionary(_get(root, "/Outlines")), "/First")),
            ]
        )

    def _fields(self, fields: Any) -> bool:
        active, level, count = False, list(self._new(fields)), 0
        for _ in range(DEEPEST):
            if not level:
                return active
            count += len(level)
            if count > MOST_FIELDS:
                raise _TooComplex
            active = active or any(self._acts(field) for field in level)
            level = [kid for field in level for kid in self._new(_get(field, "/Kids"))]
        raise _TooComplex

    def _pages(self, tree: Any) -> bool:
        active, level = False, [_dictionary(tree)]
        for _ in range(DEEPEST):
            if not level:
                return active
            active = active or any(self._acts(page) or self._shows(page) for page in level)
            level = [kid for node in level for kid in self._new(_get(node, "/Kids"))]
        raise _TooComplex

    def _shows(self, page: DictionaryObject) -> bool:
        """Whether a page's notes act, or its content stands in another file."""
        contents = _get(page, "/Contents")
        streams = [contents] if isinstance(contents, DictionaryObject) else self._new(contents)
        return any("/F" in stream for stream in streams) or any(
            _get(note, "/Subtype") in _ACTIVE_NOTES or self._acts(note)
            for note in self._new(_get(page, "/Annots"))
        )

    def _bookmarks(self, first: Any) -> bool:
        waiting = [first]
        while waiting:
            item = _dictionary(waiting.pop())
            self._visit()
            if self._acts(item):
                return True
            waiting += [item[key] for key in ("/First", "/Next") if key in item]
        return False

    def _acts(self, owner: DictionaryObject, *more: str) -> bool:
        """Whether something happens that is not harmless: at once, or at an event."""
        waiting = [_get(owner, key) for key in ("/A", "/PA", *more)]
        events = _dictionary(_get(owner, "/AA"))
        waiting += [events[key] for key in events]
        while waiting:
            action = waiting.pop()
            if isinstance(action, ArrayObject):
                # A destination is an array as well; what is no dictionary in it does nothing.
                waiting += [one for one in map(_read, action) if isinstance(one, DictionaryObject)]
            elif isinstance(action, DictionaryObject):
                self._visit()
                if "/S" in action and action["/S"] not in _HARMLESS:
                    return True
                waiting.append(_get(action, "/Next"))
        return False

    def _new(self, listed: Any) -> Iterator[DictionaryObject]:
        """The dictionaries of an array that were not met before."""
        for index in range(len(listed) if isinstance(listed, ArrayObject) else 0):
            self._visit()
            entry = listed.raw_get(index)
            if isinstance(entry, IndirectObject):
                if entry.reference in self._seen:
                    continue
                self._seen.add(entry.reference)
            found = _read(entry)
            if isinstance(found, DictionaryObject):
                yield found

    def _visit(self) -> None:
        self._visited += 1
        if self._visited > MOST_OBJECTS:
            raise _TooComplex


def _get(owner: DictionaryObject, key: str) -> Any:
    """An entry or None. pyHanko's own `get` gives out references instead of what they name."""
    return owner[key] if key in owner else None  # noqa: SIM401


def _read(entry: Any) -> Any:
    return entry.get_object() if isinstance(entry, IndirectObject) else entry


def _dictionary(value: Any) -> Any:
    return value if isinstance(value, DictionaryObject) else DictionaryObject()


def _filled(tree: Any) -> bool:
    """Whether a name tree has a name; programs leave empty ones behind."""
    tree = _dictionary(tree)
    return bool(_get(tree, "/Names") or _get(tree, "/Kids"))


def _hides_layers(layers: Any) -> bool:
    """Whether a layer is off, or goes on and off by itself when printed or magnified."""
    usual = _dictionary(_get(layers, "/D"))
    return bool(_get(usual, "/OFF") or _get(usual, "/AS") or _get(usual, "/BaseState") == "/OFF")
