"""What `verify-bundle` does where Liên Thông is installed: the whole log, the PDFs' signatures."""

from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from libs.translog import (
    Checkpoint,
    LogFiles,
    LogProof,
    TranslogError,
    Tree,
    leaf_hash,
    new_bundles,
)
from services.signatures.pdf.engine import Setup
from services.signatures.pdf.isolate import Isolated
from services.signatures.pdf.trust import TrustStoreUnreadable
from tools.bundle import verify_bundle as check
from tools.log.places import LogUnreachable, shards_below

Found = Mapping[str, Any]
_JUDGED = ("DocumentIssued", "FileValidated")
_PASSED = "TOTAL_PASSED"


def look(members: check.Members, found: Found, options: Namespace) -> dict[str, Any]:
    """What `--log` and `--signatures` ask for; `verified` and `wrong` when something is."""
    events = list(_events(members))
    wrong: list[str] = []
    done: dict[str, Any] = {}
    if options.log:
        done["log_copy"], some = _whole_log(found, options.log, events)
        wrong += some
    if options.signatures:
        verdicts, some = _verdicts(members, options.trust, [one for one, _ in events])
        counted = Counter(each["verdict"] for each in verdicts.values())
        done["signatures"] = ", ".join(f"{n} {what}" for what, n in counted.items())
        done["verdicts"] = verdicts
        wrong += some
    if wrong:
        done |= {"verified": False, "code": "further", "wrong": "; ".join(wrong)}
    return done


def _events(members: check.Members) -> Iterator[tuple[check.Event, LogProof]]:
    for name in members:
        if name.endswith(".tlog-proof"):
            stem = name.removesuffix(".tlog-proof")
            sealed, payload = (members[f"{stem}.{part}.json"] for part in ("entry", "payload"))
            proof = LogProof.parse(members[name])
            yield check.event(stem[-6:], sealed, payload), proof


def _whole_log(
    found: Found, folder: Path, events: list[tuple[check.Event, LogProof]]
) -> tuple[str, list[str]]:
    """Look for every entry of the trace in a copy of the log, which must be the log."""
    trace, wrong, count = found["trace"], [], 0
    try:
        copies = {_origin(place.files): place.files for place in shards_below(folder)}
        for log in found["checkpoints"]:
            if log["origin"] not in copies:
                wrong.append(f"{folder}: không có nhật ký · no copy of {log['origin']}")
                continue
            root, wanted = _entries_of(copies[log["origin"]], log["size"], trace)
            here = {
                proof.index
                for one, proof in events
                if one.entry["trace"] == trace
                and Checkpoint.parse(proof.checkpoint.text).origin == log["origin"]
            }
            count += len(wanted)
            if root.hex() != log["root"]:
                wrong.append(f"{folder}: không phải nhật ký này · not the log of the checkpoint")
            if withheld := sorted(wanted - here):
                text = ", ".join(map(str, withheld[:10]))
                wrong.append(f"gói giấu mục · entries of the log were withheld: {text}")
    except (LogUnreachable, TranslogError, OSError) as error:
        return "", [f"{folder}: {error}"]
    text = f"đủ {count} mục của hồ sơ · all {count} entries of the trace are here"
    return ("" if wrong else text), wrong


def _origin(files: LogFiles) -> str:
    return Checkpoint.parse(files.note().text).origin


def _entries_of(files: LogFiles, size: int, trace: str) -> tuple[bytes, set[int]]:
    """The root over the first entries of a log, and which of them are of the trace."""
    tree, found, wanted = Tree(), set(), f'"trace":"{trace}"'.encode()
    for bundle in new_bundles(0, size):
        entries = files.bundle(bundle.index, size)
        found |= {tree.size + place for place, entry in enumerate(entries) if wanted in entry}
        tree = tree.append([leaf_hash(entry) for entry in entries]).tree
    return tree.root, found


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
