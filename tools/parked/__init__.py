"""`lienthong parked list | show | release | refuse`: events that a consumer could not apply."""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import psycopg2
import rfc8785
from rich.console import Console
from sqlalchemy.exc import DBAPIError

from libs.blobs import open_store
from libs.db import connection_lost
from libs.eventstore import StoreError
from libs.messaging.desk import carry_out, head, held_events
from libs.messaging.parked import (
    DeskRefusal,
    Held,
    NothingParked,
    NotTheHead,
    Order,
    Refuse,
    Release,
)
from tools.parked import shown
from tools.parked.arguments import parser
from tools.parked.desks import Desks, blob_url

# A person's name on an act is a token's to give: see the desk over HTTP.
_HANDLER = re.compile(r"machine:[A-Za-z0-9._-]{1,64}")
LONGEST_REASON = 1000
SAMPLE = 10


class WrongCall(Exception):
    """The words do not make a command; the message says which ones would."""


def main(words: Sequence[str]) -> int:
    """Run one command; 0 done, 1 refused or not reachable, 2 for a wrong call."""
    options = parser().parse_args(words)
    try:
        desks = Desks(options.folder)
        try:
            return _ACTIONS[options.action](desks, options)
        finally:
            desks.close()
    except WrongCall as error:
        sys.stderr.write(f"lienthong parked {options.action}: {error}\n")
        return 2
    except (DeskRefusal, StoreError) as error:
        return _complain(str(error))
    except (DBAPIError, psycopg2.Error) as error:
        if not connection_lost(error):
            raise
        return _complain("The database does not answer. Does the platform run? lienthong status")


def _list(desks: Desks, options: argparse.Namespace) -> int:
    held, letters = desks.held(waiting=options.waiting), desks.letters()
    if options.json:
        events = [shown.facts(each) for each in held]
        return _print_json(events + [shown.letter(*each) for each in letters])
    console = shown.console()
    console.print(shown.table(held) if held else "No stream stands still.")
    if letters:
        console.print("\nJobs and packets that were given up: decide at the desk over HTTP.")
        console.print(shown.letters(letters))
    return 0


def _show(desks: Desks, options: argparse.Namespace) -> int:
    with desks.unit_of(options.consumer) as unit:
        held = head(unit, options.consumer, options.stream)
        if held is None:
            raise NothingParked(f"{options.stream} does not stand still for {options.consumer}")
        events = held_events(unit, options.consumer, options.stream)
    if options.json:
        return _print_json(shown.whole(held, events))
    shown.console().print(shown.page(held, events))
    return 0


def _release(desks: Desks, options: argparse.Namespace) -> int:
    one = options.stream is not None and not options.all and options.cause is None
    if not one and not (options.all and options.consumer is None):
        raise WrongCall("name a CONSUMER and a STREAM, or --all with --cause TEXT")
    if one:
        chosen = [_parked(desks, options.consumer, options.stream)]
    else:
        chosen = [each for each in desks.held() if (options.cause or "") in each.cause]
    _check_handler(options)
    if not options.dry_run:
        orders = [Release(each.consumer, each.stream, each.version) for each in chosen]
        done = [_decide(desks, order, options.by, alone=one) for order in orders]
        chosen = [each for each, was_done in zip(chosen, done, strict=True) if was_done]
    return _tell(options, "release", chosen)


def _refuse(desks: Desks, options: argparse.Namespace) -> int:
    reason = options.reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise WrongCall(f"a reason has 1 to {LONGEST_REASON} characters")
    _check_handler(options)
    held = _parked(desks, options.consumer, options.stream)
    if not options.dry_run:
        url = blob_url(options.folder)
        if url is None:
            raise WrongCall("set BLOB_URL beside DATABASE_URL: the reason is kept as a blob")
        digest = open_store(url).put_bytes(rfc8785.dumps({"note": reason})).digest
        order = Refuse(held.consumer, held.stream, digest, held.version)
        _decide(desks, order, options.by, alone=True)
    return _tell(options, "refuse", [held])


def _parked(desks: Desks, consumer: str, stream: str) -> Held:
    with desks.unit_of(consumer) as unit:
        held = head(unit, consumer, stream)
    if held is None or not held.parked:
        raise NothingParked(f"{consumer} has nothing parked in {stream}")
    return held


def _decide(desks: Desks, order: Order, by: str, *, alone: bool) -> bool:
    """Whether it was carried out; among many, one that someone else settled is passed over."""
    try:
        with desks.unit_of(order.consumer) as unit:
            carry_out(unit, order, by, uuid4())
    except (NothingParked, NotTheHead):
        if alone:
            raise
        return False
    return True


def _check_handler(options: argparse.Namespace) -> None:
    if not _HANDLER.fullmatch(options.by):
        raise WrongCall("--by takes machine:<name>; people decide at the desk over HTTP")


def _tell(options: argparse.Namespace, act: str, chosen: list[Held]) -> int:
    """Count and sample of what was, or would be, decided; 1 when it was nothing."""
    if options.json:
        facts = [shown.facts(each) for each in chosen]
        told = {"action": act, "dry_run": options.dry_run, "count": len(chosen)}
        _print_json({**told, "events": facts})
    else:
        did = f"Would {act}" if options.dry_run else f"{act.title()}d"
        streams = "1 stream" if len(chosen) == 1 else f"{len(chosen)} streams"
        behind = sum(each.behind for each in chosen)
        console = shown.console()
        console.print(f"{did} the event in front of {streams}; {behind} events stand behind.")
        if chosen and not options.dry_run:
            console.print(
                f"Decided alone by {options.by}, without a second person; it is recorded."
            )
        if chosen:
            console.print(shown.table(chosen[:SAMPLE]))
        if len(chosen) > SAMPLE:
            console.print(f"... and {len(chosen) - SAMPLE} more")
    return 0 if chosen else 1


def _print_json(facts: Any) -> int:
    print(json.dumps(facts, ensure_ascii=False, indent=1))
    return 0


def _complain(text: str) -> int:
    Console(stderr=True, highlight=False).print(text, style="red", markup=False, soft_wrap=True)
    return 1


_ACTIONS = {"list": _list, "show": _show, "release": _release, "refuse": _refuse}
