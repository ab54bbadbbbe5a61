"""Rows held against what was sealed of them, entry by entry, and their chains."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from libs.eventstore.entries import (
    NotAnEntry,
    Row,
    differences,
    entry_of,
    fields_of,
    leaf_of,
    place_of,
)
from tools.verify.findings import Finding, of_entry, of_row

FindRow = Callable[[str], Row | None]
"""Returns the row of an event id."""
FindLeaf = Callable[[str, int], bytes | None]
"""Returns the leaf of a stream's version."""


class RowCheck:
    """Follows rows in the store's order; each stream's chain is followed from its first row here.

    What a chain leans on before that is in `opened`: stream to version and leaf before, to be held
    against the row before by whoever has it.
    """

    def __init__(self, shard: str, rows: Iterator[Row], find: FindRow) -> None:
        self._shard, self._rows, self._find = shard, rows, find
        self._held: Row | None = None  # read, and not of the bundle that it was read for
        self._heads: dict[str, tuple[int, bytes]] = {}
        self.opened: dict[str, tuple[int, bytes | None, int]] = {}
        self.findings: list[Finding] = []
        self.extra: list[tuple[int, Row]] = []
        self.count = 0

    def bundle(self, first: int, entries: Sequence[bytes], leaves: Sequence[bytes]) -> None:
        """Hold the next rows against entries; `leaves` are their hashes as the tree has them."""
        heads, rows = self._heads, self._rows
        held, self._held = self._held, None
        for number, (entry, leaf) in enumerate(zip(entries, leaves, strict=True)):
            row, held = held or next(rows, None), None
            if row is None:
                self._look(first, number, entries, leaves, None)
                return
            stream, version = row.stream, row.version
            head = heads.get(stream)
            prev: bytes | None
            if head is not None:
                prev, dense = head[1], head[0] + 1 == version
            else:
                prev, dense = sealed_before(entry) if version > 1 else None, True
            if (
                entry_of(row, prev) != entry
                or row.leaf != leaf
                or not dense
                or stream.partition("-")[0] != row.category
            ):
                self._look(first, number, entries, leaves, row)
                return
            if head is None and version > 1:
                self.opened[stream] = version, prev, first + number
            heads[stream] = version, leaf
        self.count += len(entries)

    def rest(self, index: int) -> None:
        """The rows that are left before an entry were never sealed."""
        held = [self._held] if self._held else []
        self.extra.extend((index, row) for row in chain(held, self._rows))

    def unsealed(self, find_leaf: FindLeaf) -> int:
        """Hold rows that no entry tells of against their own leaves; how many they were."""
        count = 0
        for count, row in enumerate(self._rows, start=1):  # noqa: B007
            head = self._heads.get(row.stream)
            before = head[0] if head else row.version - 1
            prev = head[1] if head else find_leaf(row.stream, before) if before else None
            if before + 1 != row.version or (prev is None) != (row.version == 1):
                self.findings.append(of_row(self._shard, -1, "gap", row))
            elif leaf_of(entry_of(row, prev)) != row.leaf:
                self.findings.append(of_row(self._shard, -1, "altered", row))
            elif row.stream.partition("-")[0] != row.category:
                self.findings.append(of_row(self._shard, -1, "altered", row, ["category"]))
            self._heads[row.stream] = row.version, row.leaf
        return count

    def _look(
        self, first: int, number: int, entries: Sequence[bytes], leaves: Sequence[bytes],
        here: Row | None,
    ) -> None:  # fmt: skip
        """Go through the rest of a bundle by places, since rows and entries are out of step."""
        rows = self._rows
        for index in range(number, len(entries)):
            entry = entries[index]
            if here and leaf_of(entry) != leaves[index] and self._is_leaf(here, leaves[index]):
                # The row is what the tree has: the bundle is wrong, which was noted with its tile.
                self._heads[here.stream] = here.version, leaves[index]
                here, self.count = next(rows, None), self.count + 1
                continue
            try:
                place, _ = place_of(entry), _version(fields_of(entry))
            except NotAnEntry as error:
                detail = str(error)
                self.findings.append(Finding(self._shard, first + index, "log", detail=detail))
                continue
            while here is not None and here.place < place:
                self.extra.append((first + index, here))
                here = next(rows, None)
            if here is not None and here.place == place:
                self._compare(first + index, entry, here)
                here = next(rows, None)
            else:
                self._compare(first + index, entry, None)
            self.count += 1
        self._held = here

    def _is_leaf(self, row: Row, leaf: bytes) -> bool:
        head = self._heads.get(row.stream)
        if head is None and row.version > 1:
            return row.leaf == leaf  # what it leans on is not known here
        return leaf_of(entry_of(row, head[1] if head else None)) == leaf

    def _compare(self, index: int, entry: bytes, row: Row | None) -> None:
        """Say how the row at an entry's place, or the entry's event elsewhere, is different."""
        fields = fields_of(entry)
        stream, version = str(fields["stream"]), _version(fields)
        if row is None or row.event_id != fields["id"]:
            found = self._find(str(fields["id"]))
            same = row is not None and (row.stream, row.version) == (stream, version)
            if row is not None and not (found is None and same):
                self.extra.append((index, row))
                row = None
            row = found or row
        head = self._heads.get(stream)
        prev = head[1] if head else sealed_before(entry)
        if head is None and version > 1:
            self.opened[stream] = version, prev, index
        if head and head[0] + 1 != version:
            self.findings.append(of_entry(self._shard, index, "gap", entry, ()))
        elif row is None:
            self.findings.append(of_entry(self._shard, index, "missing", entry, ()))
        elif columns := list(differences(row, prev, entry)):
            self.findings.append(of_entry(self._shard, index, "changed", entry, columns))
        self._heads[stream] = version, leaf_of(entry)


def _version(fields: dict[str, str | None]) -> int:
    try:
        return int(fields["version"] or "")
    except ValueError as error:
        raise NotAnEntry("the entry's version is no number") from error


def sealed_before(entry: bytes) -> bytes | None:
    """The leaf before, as an entry tells it; None for a stream's first event."""
    start = entry.find(b'"prev":"')
    if start < 0:
        return None
    try:
        return bytes.fromhex(entry[start + 8 : start + 72].decode("ascii"))
    except ValueError:
        return None
