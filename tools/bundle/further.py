"""What `verify-bundle` does where Liên Thông is installed: the whole log, the PDFs' signatures."""

from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from services.signatures.pdf.engine import Setup
from services.signatures.pdf.isolate import Isolated
from services.signatures.pdf.trust import TrustStoreUnreadable
from tools.bundle import verify_bundle as check
from tools.bundle.log_copy import compare

Found = Mapping[str, Any]
_JUDGED = ("DocumentIssued", "FileValidated")
_PASSED = "TOTAL_PASSED"


def look(members: check.Members, found: Found, options: Namespace) -> dict[str, Any]:
    """What `--log` and `--signatures` ask for; `verified` and `wrong` when something is."""
    events = list(_events(members))
    wrong: list[str] = []
    done: dict[str, Any] = {}
    if options.log:
        done["log_copy"], some = compare(found, options.log, events)
        wrong += some
    if options.signatures:
        verdicts, some = _verdicts(members, options.trust, events)
        counted = Counter(each["verdict"] for each in verdicts.values())
        done["signatures"] = ", ".join(f"{n} {what}" for what, n in counted.items())
        done["verdicts"] = verdicts
        wrong += some
    if wrong:
        done |= {"verified": False, "code": "further", "wrong": "; ".join(wrong)}
    return done


def _events(members: check.Members) -> Iterator[check.Event]:
    for name in members:
        if name.endswith(".entry.json"):
            stem = name.removesuffix(".entry.json")
            yield check.event(stem[-6:], members[name], members[f"{stem}.payload.json"])


class Judged(NamedTuple):
    """A file of the matter: what of it is judged as of when, and whether it passed at that time."""

    name: str
    file: str
    at: datetime
    passed: bool


def _to_judge(members: check.Members, events: list[check.Event]) -> Iterator[Judged]:
    """Each PDF that was issued or judged, by its newest evidence if that is here.

    Evidence is judged as of its document timestamp, an instant that the log bears out: nobody can
    have answered later about that timestamp itself. Without evidence a file is judged as of now.
    """
    told = [one for one in events if one.entry["type"] in _JUDGED]
    passed = {one.data["file"] for one in told if one.data.get("verdict", _PASSED) == _PASSED}
    newest = {one.data["file"]: one for one in events if one.entry["type"] == "EvidenceAdded"}
    for digest in sorted({one.data["file"] for one in told}):
        name, at = f"files/{digest}.pdf", datetime.now(UTC)
        file = name
        if one := newest.get(digest):
            evidence = f"files/{one.data['evidence']}.pdf"
            if evidence in members:
                file, at = evidence, datetime.fromisoformat(one.data["stamped_at"])
        if name in members:
            yield Judged(name, file, at, digest in passed)


def _verdicts(
    members: check.Members, trust: Path | None, events: list[check.Event]
) -> tuple[dict[str, Any], list[str]]:
    """Judge the PDFs by what lies in the bundle; one that passed then must not fail now."""
    verdicts: dict[str, Any] = {}
    wrong = []
    try:
        with Isolated(Setup(trust=trust, offline=True)) as engine:
            for each in _to_judge(members, events):
                report = engine.validate(members[each.file], at=each.at)
                facts = {"verdict": report.verdict, "judged": each.file, "as_of": str(each.at)}
                verdicts[each.name] = facts
                if not members[each.file].startswith(members[each.name]):
                    wrong.append(f"{each.file}: không phải của · does not begin with {each.name}")
                if report.verdict == "TOTAL_FAILED" and each.passed:
                    why = "; ".join(f"{one.vi} {one.en}" for one in report.reasons)
                    text = f"chữ ký số không hợp lệ · signatures not valid ({why})"
                    wrong.append(f"{each.name}: {text}")
    except TrustStoreUnreadable as error:
        wrong.append(f"{trust}: {error}")
    except (ValueError, LookupError, TypeError) as error:
        wrong.append(f"không đọc được · cannot be read: {type(error).__name__}: {error}")
    return verdicts, wrong
