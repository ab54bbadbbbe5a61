"""`lienthong log`: the transparency log, for those who keep it and those who check it."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from libs.eventstore import StoreError
from libs.eventstore.entries import fields_of, leaf_of
from libs.secrecy import forbid_dumps
from libs.translog import LogProof, TranslogError
from libs.translog.files import write_durably
from libs.translog.proof import SUFFIX
from services.audit.proofs import NotProvable
from services.audit.sealing.errors import SealingRefused
from services.audit.sealing.fork import OPERATORS
from tools.log import keys, shown
from tools.log.arguments import parser
from tools.log.export import export
from tools.log.fork import fork, make_operator
from tools.log.places import LogUnreachable, log_at
from tools.log.prove import prove
from tools.log.status import status
from tools.log.token import token
from tools.log.trust import Trust
from tools.platform import InstallationError

ENTRY = ".entry.json"


def main(words: Sequence[str]) -> int:
    """Run one command; 0 done, 1 refused or something is wrong, 2 for a wrong call."""
    options = parser().parse_args(words)
    if options.action in _WITH_SECRETS:
        forbid_dumps()
    try:
        return int(_ACTIONS[options.action](options))
    except (LogUnreachable, TranslogError, NotProvable, SealingRefused, StoreError) as error:
        return _complain(options, str(error), getattr(error, "code", "log_refused"))
    except (InstallationError, OSError) as error:
        return _complain(options, str(error), "log_unreachable")


def _status(options: Any) -> int:
    found = status(options)
    if options.json:
        print(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
    else:
        shown.status(found, Console(highlight=False))
    return 0 if found.well else 1


def _export(options: Any) -> int:
    place = log_at(options)
    with shown.bar("export", hidden=options.json) as tick:
        done = export(place.files, Trust.of(options, place.files), options.target, tick)
    shown.told(options.json, {**done.as_json(), "shard": place.name}, done.lines())
    return 0


def _prove(options: Any) -> int:
    with shown.bar("search", hidden=options.json) as tick:
        found = prove(options, tick)
    options.target.mkdir(parents=True, exist_ok=True)
    proof = options.target / f"{found.event_id}{SUFFIX}"
    entry = options.target / f"{found.event_id}{ENTRY}"
    write_durably(proof, bytes(found.proof))
    write_durably(entry, found.entry)
    facts = {
        "proof": str(proof),
        "entry": str(entry),
        "shard": found.shard,
        "index": found.proof.index,
        "witnessed": found.witnessed,
    }
    lines = [f"{proof}", f"{entry}"]
    if not found.witnessed:
        lines.append("No witness has co-signed so far: ask again in a moment for more.")
    shown.told(options.json, facts, lines)
    return 0


def _check(options: Any) -> int:
    proof = LogProof.parse(options.proof.read_bytes())
    path = options.entry or _beside(options.proof)
    entry = path.read_bytes()
    accepted = Trust.of(options, None).accept(proof.checkpoint)
    proof.check_under(leaf_of(entry), accepted.checkpoint)
    facts = {"index": proof.index, **shown.accepted(accepted), "event": fields_of(entry)}
    shown.told(options.json, facts, shown.proven(facts))
    return 0


def _beside(proof: Path) -> Path:
    return proof.with_name(proof.name.removesuffix(SUFFIX) + ENTRY)


def _key(options: Any) -> int:
    key = keys.make(options)
    shown.told(options.json, {"key": str(key)}, [str(key)])
    return 0


def _token(options: Any) -> int:
    found = token(options)
    shown.told(options.json, found.as_json(), found.lines())
    return 1 if found.problem else 0


def _operator(options: Any) -> int:
    key = make_operator(options.name, options.file)
    lines = [str(key), f"Add this line to LOG_STATE/{OPERATORS}; keep {options.file} to yourself."]
    shown.told(options.json, {"key": str(key)}, lines)
    return 0


def _fork(options: Any) -> int:
    decision = fork(options)
    shown.told(options.json, decision.as_json(), shown.decision(decision.as_json()))
    return 0


def _complain(options: Any, text: str, code: str) -> int:
    if getattr(options, "json", False):
        print(json.dumps({"error": code, "detail": text}, ensure_ascii=False))
    else:
        console = Console(stderr=True, highlight=False)
        console.print(text, style="red", markup=False, soft_wrap=True)
    return 1


_ACTIONS = {
    "status": _status,
    "export": _export,
    "prove": _prove,
    "check": _check,
    "key": _key,
    "token": _token,
    "fork": _fork,
    "operator": _operator,
}
_WITH_SECRETS = {"key", "token", "fork", "operator"}
"""These hold private keys, or the PIN of a token."""

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
