"""`lienthong verify`: is the store what was sealed, event by event, column by column?"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from libs.eventstore import Place, StoreUnreachable
from libs.eventstore.bulk import BulkReader
from libs.translog import Checkpoint, Note, Policy, PolicyRefused, TranslogError
from services.audit.schemas import moment
from services.audit.sealing.shards import ShardName
from tools.log.arguments import add_trust
from tools.log.places import LogPlace, LogUnreachable, files_at, log_folder, shards_below
from tools.log.shown import bar
from tools.log.trust import Trust, own_policy
from tools.platform import InstallationError
from tools.platform.database_urls import database_url
from tools.platform.handle import RUN_FOLDER
from tools.verify.asked import seen_by_witnesses
from tools.verify.check import Task, verify
from tools.verify.shown import as_json, show
from tools.verify.since import Since

NOT_LOOKED = 3
_TEACHING = """\
Every row of the event store is turned into the entry that must stand in the log, and compared with
it; every chain, version, tile, root, signature and co-signature is checked. Believed are the keys
in --policy, or --key, or LOG_POLICY, or the platform's own policy; where none of them names a log,
the keys that lie beside the log itself, and the answer says so. The first thing that is wrong is
named by stream, version and column.

  lienthong verify                                        everything, on the platform's own word
  lienthong verify --policy policy                        ... on that of the witnesses you trust
  lienthong verify --since 2026-11-01                     what was recorded since that day
  lienthong verify --since copy/checkpoint                what came after your last copy, which the
                                                          log must still begin with
  lienthong verify --log /archive/2025 --log /srv/log     with a year that was moved away
  lienthong verify --ask-witnesses --policy policy        ... and see what they have seen

The database is DATABASE_URL (a role that may read everything: monitor, or audit), else that of the
platform in --folder. Exit code: 0 all is well, 1 something is wrong, 3 it could not be looked at.
"""


def main(words: Sequence[str]) -> int:
    """Run the command; 0 verified, 1 not, 2 for a wrong call, 3 when it could not be looked at."""
    options = _parser().parse_args(words)
    try:
        task = _task(options)
        with bar("verify", hidden=options.json) as tick:
            report = verify(task, tick)
    except (StoreUnreachable, LogUnreachable, InstallationError, TranslogError, OSError) as error:
        return _complain(options, str(error))
    if options.json:
        print(json.dumps(as_json(report), ensure_ascii=False, indent=1))
    else:
        show(report, Console(highlight=False))
    return 0 if report.verified else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lienthong verify",
        description="Check the event store against the log, column by column.",
        epilog=_TEACHING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--since", metavar="WHEN", help="a day, an instant, or the file of an earlier checkpoint"
    )
    add_trust(parser)
    parser.add_argument(
        "--log", metavar="PLACE", action="append", default=[],
        help="a log's folder, or one year's folder or URL; may be repeated",
    )  # fmt: skip
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="for a log at a URL")
    parser.add_argument(
        "--ask-witnesses", action="store_true", help="compare with what the policy's have seen"
    )
    parser.add_argument("--jobs", type=int, metavar="N", help="processes (default: one for a core)")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument(
        "--folder", type=Path, default=RUN_FOLDER, help="run folder (default: build/run)"
    )
    return parser


def _task(options: argparse.Namespace) -> Task:
    options.policy = options.policy or (None if options.key else own_policy(options.folder))
    places = _places(options)
    if not places:
        raise LogUnreachable("there is no log: nothing was sealed so far")
    url = database_url("monitor", options.folder)

    def trust_of(place: LogPlace) -> Trust:
        return Trust.of(options, place.files)

    with BulkReader(url) as reader:
        if reader.ask("SELECT '*' = ANY (es.granted('read'))") != [(True,)]:
            raise LogUnreachable("this role may not read every event: use monitor or audit")
        since, seen = _since(options, [trust_of(place) for place in places], reader)
    silent: list[str] = []
    if options.ask_witnesses:
        if not options.policy:
            raise LogUnreachable("--ask-witnesses needs a --policy that names them")
        told, silent = seen_by_witnesses(Policy.parse(Path(options.policy).read_text("utf-8")))
        seen += told
    return Task(url, places, trust_of, since, seen, silent, options.token_file, options.jobs)


def _places(options: argparse.Namespace) -> list[LogPlace]:
    found = []
    for place in options.log or [str(log_folder(options.folder))]:
        if place.startswith(("http://", "https://")):
            name = place.rstrip("/").rpartition("/")[2]
            found.append(LogPlace(name, place, files_at(place, options.token_file)))
        else:
            found += shards_below(Path(place))
    return sorted(found, key=lambda each: _rank(each.name))


def _rank(name: str) -> tuple[bool, ShardName | str]:
    try:
        return False, ShardName.parse(name)
    except ValueError:
        return True, name


def _since(
    options: argparse.Namespace, trusts: Sequence[Trust], reader: BulkReader
) -> tuple[Since | None, list[tuple[str, Checkpoint]]]:
    """Where to begin, and the checkpoint that the log must still begin with, if it is one."""
    if not options.since:
        return None, []
    path = Path(options.since)
    if path.is_file():
        checkpoint = _believed(Note.parse(path.read_bytes()), trusts)
        return Since(checkpoint=checkpoint), [(str(path), checkpoint)]
    try:
        at = moment(options.since, end=False)
    except ValueError as error:
        text = f"--since {options.since}: neither a file nor a time ({error})"
        raise LogUnreachable(text) from error
    rows = reader.ask(
        "SELECT tx, position FROM es.event WHERE recorded_at >= %s ORDER BY tx, position LIMIT 1",
        at,
    )
    return Since(place=Place(*rows[0]) if rows else Place(2**62, 0)), []


def _believed(note: Note, trusts: Sequence[Trust]) -> Checkpoint:
    """What an earlier checkpoint says, if one of the logs has signed it."""
    refused = PolicyRefused("there is no log of this checkpoint")
    for trust in trusts:
        try:
            return trust.signed_by_the_log(note)
        except PolicyRefused as error:
            refused = error
    raise refused


def _complain(options: argparse.Namespace, text: str) -> int:
    if options.json:
        print(json.dumps({"verified": None, "detail": text}, ensure_ascii=False))
    else:
        console = Console(stderr=True, highlight=False)
        console.print(text, style="red", markup=False, soft_wrap=True)
    return NOT_LOOKED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
