#!/usr/bin/env python3
"""Kiểm tra gói chứng cứ của Liên Thông · check an evidence bundle of Liên Thông, without network.

Needs Python 3.11 and `cryptography`. Exit code: 0 yes, 1 something is wrong, 2 a wrong call, 3 yes,
but --log or --signatures was not done, for Liên Thông is not installed here.
Formats: RFC 6962 (tree), RFC 8785 (entries), C2SP signed-note, tlog-proof, tlog-policy.
"""

import argparse
import base64
import html
import io
import json
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256

# What is the same in every bundle: its SHA-256 in each release that changed it.
PINNED = {
    "README.txt": {"1ce6402a5dce27d60854037cd60aae5efc18081482f0dd31d069c69e313e39c1"},
    "texts/page.html": {"09049990628fafa8346230324945fff1f16f94ea010e45fc2a40d3cc07683ed7"},
    "texts/rules.json": {"4d2009cf3676aaf953bf8a26d3b72043b197fdd249b1749a73dcef1cd3d82868"},
}
TITLES = {
    "trace": "hồ sơ · trace", "subject": "trích yếu · subject", "events": "sự kiện · events",
    "files": "tệp · files", "log": "nhật ký · log", "log_copy": "bản sao · copy of the log",
    "signatures": "chữ ký PDF · PDFs",
}  # fmt: skip
WRONG = {
    "zip": "ZIP không đúng dạng · the ZIP is not the one that its members make: {}",
    "manifest": "danh mục không khớp · the manifest does not fit the members: {}",
    "malformed": "không đọc được · cannot be read: {} ({})",
    "published": "không phải bản đã công bố · not as it was published: {}",
    "policy": "chính sách tin cậy sai · the policy cannot be read: {}",
    "log_key": "khóa nhật ký không được tin cậy · no trusted key has signed the log: {}",
    "signature": "chữ ký sai · wrong signature of {}",
    "quorum": "không đủ chữ ký nhân chứng · too few witnesses have co-signed; there are: {}",
    "payload": "nội dung đã bị sửa · the payload is not what was sealed: {}",
    "proof": "nhật ký không có sự kiện này · the log does not have it: {} ({})",
    "order": "sai thứ tự hoặc lặp lại · out of order, or there twice: {}",
    "stranger": "không thuộc hồ sơ này · an event of another trace: {}",
    "chain": "chuỗi băm đứt · does not follow from the event before it: {}",
    "gap": "thiếu phiên bản · left out: {}, version {}",
    "file": "thiếu hoặc sai tệp · missing, or not the file: {}, named by {}",
    "unnamed": "không sự kiện nào nêu · no event names it: {}",
    "timeline": "diễn biến khác với sự kiện · the timeline is not what the events say: {}",
}
GONE = {
    "erased": "đã xóa hoặc hết thời hạn lưu · erased by order, or older than files are kept",
    "withdrawn": "văn bản đã được lấy lại · its document was taken back",
}
FORMAT = "lienthong-bundle/1"
BESIDE = {"agency", "person", "certificate", "client", "evidence"}  # of no trace's own
SHARED = {*BESIDE, "pair", "register"}  # streams in which events of many traces stand
MEMBER = re.compile(
    r"(manifest|bundle)\.json|README\.txt|verify_bundle\.py|texts/(page\.html|rules\.json)"
    r"|timeline\.(json|html|pdf)|log/policy|log/[0-9.]+/checkpoint|files/[0-9a-f]{64}\.[a-z]+"
    r"|events/[0-9]{6}\.(entry\.json|payload\.json|tlog-proof)"
)
DIGEST = re.compile("[0-9a-f]{64}")
WORDS = ("action", "action_en", "status_code")
FOR_PAGE = ("bundle.json", "texts/rules.json", "timeline.json")
VIETNAM = timezone(timedelta(hours=7))
Members = Mapping[str, bytes]


class Refused(Exception):
    """Something is wrong; `code` names the rule in `WRONG`."""

    def __init__(self, code: str, *values: object) -> None:
        super().__init__(WRONG[code].format(*values))
        self.code = code


# 1. The ZIP. Nothing is compressed, and every byte follows from names and contents: a bundle is the
# one file that its members make, with no time, attribute, gap or overlap to play with.
def packed(members: Members) -> Iterator[bytes]:
    """The pieces of the ZIP file that these members make."""
    central, place = b"", 0
    for name, body in sorted(members.items()):
        path, size = name.encode("ascii"), len(body)
        common = struct.pack("<5H3I2H", 10, 0, 0, 0, 33, zlib.crc32(body), size, size, len(path), 0)
        yield from (b"PK\3\4" + common + path, body)
        tail = struct.pack("<3H2I", 0, 0, 0, 0o100644 << 16, place)
        central += b"PK\1\2" + struct.pack("<H", 0x031E) + common + tail + path
        place += 30 + len(path) + size
    counts = struct.pack("<4H2IH", 0, 0, len(members), len(members), len(central), place, 0)
    yield from (central, b"PK\5\6" + counts)


def unpacked(content: bytes) -> dict[str, bytes]:
    """The members of a ZIP file that `packed` made; refuses every other."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            for each in file.infolist():
                if not MEMBER.fullmatch(each.filename) or each.compress_type != zipfile.ZIP_STORED:
                    raise Refused("zip", repr(each.filename[:80]))
            members = {name: file.read(name) for name in file.namelist()}
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, ValueError, struct.error) as error:
        raise Refused("zip", error) from error
    if b"".join(packed(members)) != content:
        raise Refused("zip", "headers")
    return members


def manifest(members: Members) -> bytes:
    """What `manifest.json` says of the other members."""
    others = sorted((name, body) for name, body in members.items() if name != "manifest.json")
    rows = {name: {"sha256": sha256(body).hexdigest(), "size": len(body)} for name, body in others}
    return json.dumps(rows, indent=1).encode() + b"\n"


# 2. Keys, policies, checkpoints, proofs.
def unbase64(text: str) -> bytes:
    value = base64.b64decode(text, validate=True)
    if base64.b64encode(value).decode() != text:
        raise ValueError("base64")
    return value


class Policy:
    """Whom one believes (C2SP tlog-policy): logs, witnesses, and how many of these must agree."""

    def __init__(self, text: str) -> None:
        self.keys: dict[tuple[str, bytes], tuple[int, str, Ed25519PublicKey]] = {}
        self.groups: dict[str, tuple[int, list[str]]] = {"none": (0, [])}
        self.vkeys: list[str] = []
        self.quorum = ""
        for line in text.split("\n"):
            match line.split():
                case ["log", key, *url] if len(url) < 2:
                    self._add(key, 1, key)
                case ["witness", name, key, *url] if len(url) < 2 and name not in self.groups:
                    self._add(key, 4, name)
                    self.groups[name] = -1, []
                case ["group", name, least, *some] if name not in self.groups:
                    number = int({"all": str(len(some)), "any": "1"}.get(least, least))
                    if not 0 < number <= len(set(some) & self.groups.keys()) == len(some):
                        raise Refused("policy", line)
                    self.groups[name] = number, some
                case ["quorum", name] if name in self.groups and not self.quorum:
                    self.quorum = name
                case [word, *_] if not word.startswith("#"):
                    raise Refused("policy", line)
        if not self.quorum:
            raise Refused("policy", "quorum")

    def _add(self, vkey: str, use: int, name: str) -> None:
        owner, identity, encoded = vkey.split("+", 2)
        material = unbase64(encoded)
        number = sha256(owner.encode() + b"\n" + material).digest()[:4]
        if material[0] != use or number.hex() != identity:
            raise Refused("policy", vkey)
        self.keys[owner, number] = use, name, Ed25519PublicKey.from_public_bytes(material[1:])
        self.vkeys.append(vkey)

    def holds(self, name: str, cosigned: Collection[str]) -> bool:
        """Whether a witness has co-signed, or enough of a group."""
        least, some = self.groups[name]
        if least < 0:
            return name in cosigned
        return sum(self.holds(one, cosigned) for one in some) >= least


def checkpoint(note: bytes, policy: Policy) -> dict[str, Any]:
    """What a note says that the policy accepts, and which witnesses saw it when."""
    text, _, signatures = note.rpartition(b"\n\n")
    text += b"\n"
    origin, size, root = text.decode().split("\n")[:3]
    signed, cosigned = False, {}
    for line in signatures.decode().removesuffix("\n").split("\n"):
        _, owner, encoded = line.split(" ")
        value = unbase64(encoded)
        use, name, key = policy.keys.get((owner, value[:4]), (0, "", None))
        message, signature = text, value[4:]
        if use == 4:
            at = int.from_bytes(value[4:12])
            cosigned[name] = datetime.fromtimestamp(at, UTC).isoformat()
            message, signature = b"cosignature/v1\ntime %d\n" % at + text, value[12:]
        try:
            if key:
                key.verify(signature, message)
        except InvalidSignature:
            raise Refused("signature", owner) from None
        signed = signed or (use == 1 and owner == origin)
    if not signed:
        raise Refused("log_key", origin)
    if not policy.holds(policy.quorum, cosigned):
        raise Refused("quorum", ", ".join(cosigned) or "0")
    root = unbase64(root).hex()
    return {"origin": origin, "size": int(size), "root": root, "witnesses": cosigned}


def root_from(leaf: bytes, index: int, size: int, path: Iterable[bytes]) -> bytes:
    """The root to which a proof leads from a leaf (RFC 9162, section 2.1.3.2)."""
    here, last = index, size - 1
    for sibling in path:
        if last == 0:
            raise ValueError("proof too long")
        is_left = here % 2 or here == last
        leaf = sha256(b"\1" + (sibling + leaf if is_left else leaf + sibling)).digest()
        while is_left and here and here % 2 == 0:
            here, last = here >> 1, last >> 1
        here, last = here >> 1, last >> 1
    if last or not 0 <= index < size:
        raise ValueError("proof too short")
    return leaf


# 3. The events, and the files that they name.
class Event(NamedTuple):
    """An event: its number in the bundle, what was sealed of it, and what it says."""

    number: str
    entry: dict[str, Any]
    data: dict[str, Any]
    leaf: bytes

    def __str__(self) -> str:
        return f"events/{self.number} ({self.entry['type']}, {self.entry['stream']})"


def event(number: str, sealed: bytes, payload: bytes) -> Event:
    """An event from its entry, which must be canonical JSON, and its payload."""
    entry = json.loads(sealed)
    if json.dumps(entry, sort_keys=True, separators=(",", ":")).encode() != sealed:
        raise ValueError("not canonical JSON")
    found = Event(number, entry, json.loads(payload), sha256(b"\0" + sealed).digest())
    if sha256(payload).hexdigest() != entry["payload"]:
        raise Refused("payload", found)
    return found


def proven(one: Event, proof: bytes, known: Mapping[bytes, Any]) -> tuple[str, int]:
    """Where in which log an event is, by a C2SP tlog-proof that ends with a known checkpoint."""
    head, _, note = proof.partition(b"\n\n")
    first, index, *path = head.decode("ascii").split("\n")
    if note not in known or first != "c2sp.org/tlog-proof@v1" or index[:6] != "index ":
        raise Refused("proof", one, "checkpoint")
    log, number = known[note], int(index[6:])
    if root_from(one.leaf, number, log["size"], map(unbase64, path)).hex() != log["root"]:
        raise Refused("proof", one, "root")
    return log["origin"], number


def check_chains(events: Iterable[Event], trace: str) -> None:
    """Places rise, and versions of a stream follow one another as far as they are here."""
    heads: dict[str, Event] = {}
    last = (0, 0)
    for one in events:
        entry, stream = one.entry, one.entry["stream"]
        before, category = heads.get(stream), stream.partition("-")[0]
        seen, version = int(before.entry["version"]) if before else 0, int(entry["version"])
        place = int(entry["tx"]), int(entry["position"])
        if entry["trace"] != trace and category not in BESIDE:
            raise Refused("stranger", one)
        if place <= last or version <= seen:
            raise Refused("order", one)
        if version > seen + 1 and category not in SHARED:
            raise Refused("gap", stream, seen + 1)
        if version == seen + 1 and entry["prev"] != (before.leaf.hex() if before else None):
            raise Refused("chain", one)
        heads[stream], last = one, place


def texts(value: Any) -> Iterator[str]:
    """Every text in some JSON."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value


def named(one: Event, files: Members) -> Iterator[str]:
    """What an event names by SHA-256, and what the report rests on that it names."""
    yield from (text for text in texts(one.data) if DIGEST.fullmatch(text))
    if report := files.get(one.data.get("report", "")):
        yield from (each["sha256"] for each in json.loads(report).get("material", ()))


def check_files(events: Iterable[Event], files: Members, missing: Mapping[str, str]) -> None:
    """What is named by SHA-256 is there, or its absence explained; what is there is named."""
    pems = [body for body in files.values() if body.startswith(b"-----BEGIN CERTIFICATE")]
    certificates = [each for pem in pems for each in x509.load_pem_x509_certificates(pem)]
    known = {*files, *missing, *(each.fingerprint(SHA256()).hex() for each in certificates)}
    seen: dict[str, Event] = {}
    for one in events:
        seen |= dict.fromkeys(named(one, files), one)
    for digest, one in seen.items():
        body = files.get(digest)
        if digest not in known or (body is not None and sha256(body).hexdigest() != digest):
            raise Refused("file", digest, one)
    for digest in [*files, *missing]:
        if digest not in seen or missing.get(digest, "erased") not in GONE:
            raise Refused("unnamed", digest)


# 4. The timeline: each line is one event; who, when and what are as the event says, and every name
# that is shown stands in an event, in a file that one names, or among the published words.
def told(one: Event, rules: Any) -> dict[str, str] | None:
    """The facts of the line that an event makes; None when it makes none."""
    entry, data, kind, at = one.entry, one.data, one.entry["type"], one.entry["occurred_at"]
    variant = data.get(rules["variants"].get(kind), "")
    if kind == "StatusReceived":
        variant = data["status_code"] if data["channel"] == "axis" else "inside"
        at = data.get("done_at") or data["told_at"]
    words = rules["actions"].get(f"{kind}:{variant}" if variant else kind)
    handler = "" if kind in rules["named_in"] else entry["handler"]
    if kind == "SignatureMade" and data["role"] in ("leader", "copier"):
        handler = f"person:{data['owner_id']}"
    agency = data.get(rules["agency"].get(kind, "agency_id")) or entry["agency"]
    files = [each["digest"] for each in data.get("files", ()) if "pdf" in each["content_type"]]
    facts = {"event_id": entry["id"], "event_type": kind, "at": at, "agency_id": agency}
    facts |= {"file": data.get("file") or (files or [""])[0]}
    facts |= {"handler_id": handler} | dict(zip(WORDS, words or (), strict=False))
    return facts if words else None


def check_timeline(members: Members, events: list[Event], files: Members) -> None:
    """Hold the lines, and the page that shows them, against what the events say."""
    read = {name: json.loads(members[name]) for name in members if name in FOR_PAGE}
    about, rules, lines = (read[name] for name in FOR_PAGE)
    facts = {one.entry["id"]: wanted for one in events if (wanted := told(one, rules))}
    cards = {one.data["person_id"]: one.data["card"] for one in events if "card" in one.data}
    known = {*rules["words"], *texts([one.data for one in events])}
    for body in files.values():
        with suppress(ValueError, RecursionError):  # a file may begin as JSON and be none
            known |= {*texts(json.loads(body) if body[:1] == b"{" else None)}
    known |= {"(máy) " + one.entry["handler"].partition(":")[2] for one in events}
    numbers = [(one.data.get("number"), one.data.get("notation")) for one in events]
    known |= {f"{number:02}/{notation}" for number, notation in numbers if number and notation}
    if sorted(facts) != sorted(line["event_id"] for line in lines) or about["subject"] not in known:
        raise Refused("timeline", f"{len(facts)} / {len(lines)}")
    for line in lines:
        wanted = facts[line["event_id"]]
        person = wanted["handler_id"].removeprefix("person:").partition("/")[0]
        if card := files.get(cards.get(person, "")):
            wanted["handler"] = json.loads(card)["full_name"]
        wrong = [name for name in wanted if line[name] != wanted[name]]
        wrong += [name for name in rules["shown"] if line[name] not in known]
        if wrong:
            raise Refused("timeline", f"{line['event_id']}: {', '.join(wrong)}")
    if page(members["texts/page.html"].decode(), about, lines).encode() != members["timeline.html"]:
        raise Refused("timeline", "timeline.html")


def page(template: str, about: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]) -> str:
    """The timeline as HTML: the template, with its row for each line."""

    def fill(part: str, values: Mapping[str, Any]) -> str:
        return re.sub(r"{{(\w+)}}", lambda found: html.escape(str(values[found[1]])), part)

    head, row, foot = template.split("<!--cut-->")
    made = fill(head, about)
    for line in lines:
        at = datetime.fromisoformat(line["at"]).astimezone(VIETNAM)
        made += fill(row, {**line, "time": f"{at:%H:%M:%S %d/%m/%Y}"})
    return made + fill(foot, about)


# 5. The whole.
def examine(content: bytes, trusted: str | None, found: dict[str, Any]) -> None:
    """Check everything; note in `found` what is looked at and what was seen. Raises `Refused`."""
    members = unpacked(content)
    if members.get("manifest.json") != manifest(members):
        raise Refused("manifest", "manifest.json")
    for name, published in PINNED.items():
        if sha256(members[name]).hexdigest() not in published:
            raise Refused("published", name)
    found["looking_at"] = "policy"
    policy = Policy(members["log/policy"].decode() if trusted is None else trusted)
    found["keys"] = policy.vkeys
    notes = [body for name, body in members.items() if name.endswith("/checkpoint")]
    known = {note: checkpoint(note, policy) for note in notes}
    found["checkpoints"] = [*known.values()]
    events, places = [], set()
    for stem in sorted({name.partition(".")[0] for name in members if name.startswith("events/")}):
        found["looking_at"] = stem
        sealed, payload = (members[f"{stem}.{part}.json"] for part in ("entry", "payload"))
        events.append(event(stem[-6:], sealed, payload))
        places.add(proven(events[-1], members[f"{stem}.tlog-proof"], known))
    if len(places) != len(events):
        raise Refused("order", "tlog-proof")
    files = {name[6:70]: body for name, body in members.items() if name.startswith("files/")}
    found |= {"looking_at": "bundle.json", "events": len(events), "files": len(files)}
    about = json.loads(members["bundle.json"])
    log = "; ".join(
        "{origin}: {size} mục · entries, root {root}".format(**x) for x in known.values()
    )
    seen = {"format": FORMAT, "log": log, "events": len(events)}
    if about | seen | {"files": len(files)} != about:
        raise Refused("manifest", "bundle.json")
    found |= about
    check_chains(events, about["trace"])
    check_files(events, files, about["missing"])
    found["looking_at"] = "timeline"
    check_timeline(members, events, files)


def verify(content: bytes, trusted: str | None = None) -> dict[str, Any]:
    """What was found, by the policy `trusted` or else by the bundle's own; see `verified`."""
    found: dict[str, Any] = {
        "verified": False,
        "keys_from": "bundle" if trusted is None else "policy",
    }
    try:
        examine(content, trusted, found)
    except Refused as error:
        return found | {"code": error.code, "wrong": str(error)}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        wrong = WRONG["malformed"].format(
            found.get("looking_at"), f"{type(error).__name__}: {error}"
        )
        return found | {"code": "malformed", "wrong": wrong[:300]}
    return found | {"verified": True}


def shown(found: Mapping[str, Any]) -> Iterator[str]:
    """What was found, for people."""
    yield "ĐÚNG · VERIFIED" if found["verified"] else f"SAI · NOT VERIFIED: {found['wrong']}"
    for name, title in TITLES.items():
        if name in found:
            yield f"  {title:<26}{found[name]}"
    if "not_done" in found:
        yield f"  {found['not_done']}: CHƯA LÀM · NOT DONE: cần cài Liên Thông · needs Liên Thông"
    for log in found.get("checkpoints", ()):
        seen = ", ".join(f"{name} {at}" for name, at in log["witnesses"].items())
        yield f"  {'nhân chứng · witnesses':<26}{seen or 'không · none'} ({log['origin']})"
    for digest, reason in found.get("missing", {}).items():
        yield f"  {'không có · absent':<26}{digest}: {GONE.get(reason)}"
    if found["keys_from"] == "bundle":
        yield "  KHÓA CỦA CHÍNH GÓI NÀY: hãy đối chiếu với nơi công bố, hoặc dùng --policy"
        yield "  THE KEYS ARE THE BUNDLE'S OWN: compare with what is published, or use --policy"
    yield from (f"    {key}" for key in found.get("keys", ()))


def main(words: list[str] | None = None) -> int:
    """Run with words; the exit code."""
    parser = argparse.ArgumentParser(prog="verify-bundle", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE.zip")
    parser.add_argument("--policy", type=Path, metavar="FILE", help="logs and witnesses you trust")
    parser.add_argument("--log", type=Path, metavar="DIR", help="a copy of the log: is all there?")
    parser.add_argument("--signatures", action="store_true", help="judge PDF signatures too")
    parser.add_argument("--trust", type=Path, metavar="DIR", help="authorities, for --signatures")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    options = parser.parse_args(words)
    try:
        content = options.file.read_bytes()
        found = verify(content, options.policy.read_text("utf-8") if options.policy else None)
    except (OSError, UnicodeDecodeError) as error:
        parser.error(str(error))
    found["signatures"] = "không phán xét · not judged"
    if found["verified"] and (options.log or options.signatures):
        try:
            from tools.bundle.further import look

            found |= look(unpacked(content), found, options)
        except ImportError:
            asked = {"--log": options.log, "--signatures": options.signatures}
            found["not_done"] = ", ".join(name for name, value in asked.items() if value)
    as_json = options.json and json.dumps(found, ensure_ascii=False, indent=1)
    print(as_json or "\n".join(shown(found)))
    return (3 if "not_done" in found else 0) if found["verified"] else 1


if __name__ == "__main__":
    sys.exit(main())
