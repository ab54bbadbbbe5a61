"""How a packet is written: what a reader of values no longer sees, and on which line all of it is.

Only for files that the reader has read whole: it bounds the number of elements. What is long is
cut: the names and paths of the format are short, and so are the texts that are looked at.
"""

import re
from collections import Counter
from pathlib import Path
from xml.parsers import expat  # nothing but what libs.edxml has read comes here

from tools.edxml.rules import Finding, finding

_DAY_FIRST = re.compile(r"\d{1,2}/\d{1,2}/\d{4}")
_MOMENTS = ("PromulgationDate", "DueDate", "Timestamp")
_LONGEST_NAME = 40
_LONGEST_PATH = 300
_MOST_ATTRIBUTES = 10
_SHORT = 40


class Writing:
    """The lines of a file's elements by path, and findings about their spelling."""

    def __init__(self, path: Path) -> None:
        self.findings: list[Finding] = []
        self._lines: dict[str, int] = {}
        self._path: list[str] = []
        self._counts: list[Counter[str]] = [Counter()]
        self._text = ""
        self._said: set[str] = set()
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.buffer_size = 64 * 1024
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        with path.open("rb") as file:
            self._parser.ParseFile(file)

    def __contains__(self, place: str) -> bool:
        """Whether there is a `path`, an attribute `path@name`, or a short text `path=text`."""
        return place in self._lines

    def line(self, where: str) -> int | None:
        """Return the line of the element, or of the nearest one around it that is there."""
        parts = where.replace("[1]", "").split("/")
        paths = ("/".join(parts[:length]) for length in range(len(parts), 0, -1))
        return next((self._lines[path] for path in paths if path in self._lines), None)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        prefix, _, name = tag.rpartition(":")
        own = name.replace("Business", "Bussiness")[:_LONGEST_NAME]
        self._counts[-1][own] += 1
        number = self._counts[-1][own]
        self._counts.append(Counter())
        self._path.append(f"{own}[{number}]" if number > 1 else own)
        self._text = ""
        self._note("")
        for attribute in list(attributes)[:_MOST_ATTRIBUTES]:
            self._note(f"@{attribute[:_LONGEST_NAME]}")
        if "Business" in name:
            self._once("business_spelling")
        if name == "MessageHeader" and not prefix:
            # Receivers that match the prefix as text look for it here.
            self._once("prefix_missing")

    def _characters(self, text: str) -> None:
        self._text = (self._text + text).lstrip()[: _SHORT + 1]

    def _end(self, _tag: str) -> None:
        name, text = self._path[-1].partition("[")[0], self._text.rstrip()
        if len(text) <= _SHORT:
            self._note(f"={text}")
        if rule := self._oddity(name, text):
            self.findings.append(finding(rule, self._place))
        self._path.pop()
        self._counts.pop()
        self._text = ""

    def _oddity(self, name: str, text: str) -> str:
        """Return the rule against which the element that ends is written, if there is one."""
        place = self._place
        if name in _MOMENTS and _DAY_FIRST.match(text):
            return "date_form"
        if name == "ContentId" and text and not text.startswith("cid:"):
            return "cid_missing"
        joined = place.endswith("/MessageHeader/Code") and bool(text)
        parted = name == "CodeNumber" and "/ResponseFor" in place
        return "code_form" if joined or parted else ""

    @property
    def _place(self) -> str:
        return "/".join(self._path)[-_LONGEST_PATH:]

    def _note(self, what: str) -> None:
        path = "/".join(self._path)
        if len(path) <= _LONGEST_PATH:
            self._lines[path + what] = self._parser.CurrentLineNumber

    def _once(self, rule: str) -> None:
        if rule not in self._said:
            self._said.add(rule)
            self.findings.append(finding(rule, self._place))
