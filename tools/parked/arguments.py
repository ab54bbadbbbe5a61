"""What `lienthong parked` understands, and what its --help teaches."""

import argparse
from pathlib import Path

from tools.platform.handle import RUN_FOLDER

OPERATOR = "machine:operator"
_TEACHING = """\
A consumer that cannot apply an event tries it again after 1 s, 10 s, 1 min, 10 min and 1 h, then
parks it. Until someone decides, that stream stands still for that consumer: its later events wait
behind the parked one, in order, and nothing overtakes. All other streams go on.

  list      which streams stand still, since when, and why
  show      one of them: the event in full, its cause, and what waits behind it
  release   when the cause is mended: the event is tried again at once, then the rest of its stream
  refuse    when it never can be applied: this consumer leaves the event out, the rest follows.
            The event itself stays in the store, and other consumers still apply it

Release and refuse are an operator's act at the machine, alone: they are recorded as --by, a machine
name, in the store (stream desk-<consumer>, in the event's trace). Where people have accounts, one
person asks and a second one confirms: POST /v1/desk/<service>/requests. There also parked jobs and
packets are decided about; the list here shows them. With --dry-run nothing is changed.

examples:
  lienthong parked list --waiting
  lienthong parked show workflow.policies document-6749f42b-cad8-5bb9-ad4a-d58878e158fd
  lienthong parked release --all --cause "UnknownEvent" --dry-run
  lienthong parked refuse audit.projections packet-13177e77-7cb0-5d19-a624-ce6a8c0d4cac \\
                          --reason "test packet of the trial run"

The databases are those of the platform in --folder. With DATABASE_URL set, it is the one of that
role, which sees its own service's consumers alone; refuse then needs BLOB_URL too, since reasons
are kept as blobs that can be erased.
"""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    top = argparse.ArgumentParser(
        prog="lienthong parked",
        description="Events that a consumer could not apply: look, release, refuse.",
        epilog=_TEACHING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = top.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = _action(actions, "list", "the streams that stand still, and parked jobs and packets")
    listing.add_argument(
        "--waiting", action="store_true", help="also what is still tried again by itself"
    )
    _add_stream(_action(actions, "show", "one stream that stands still, in full"))
    release = _action(actions, "release", "try a parked event again, then the rest of its stream")
    _add_stream(release, optional=True)
    release.add_argument("--all", action="store_true", help="every parked event")
    release.add_argument("--cause", metavar="TEXT", help="with --all: whose cause contains TEXT")
    _add_decision(release)
    refuse = _action(actions, "refuse", "leave a parked event out for this consumer")
    _add_stream(refuse)
    refuse.add_argument(
        "--reason", metavar="TEXT", required=True, help="why it may be left out, for the record"
    )
    _add_decision(refuse)
    return top


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str
) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=text, description=text)
    action.add_argument("--json", action="store_true", help="print JSON for programs")
    action.add_argument(
        "--folder", type=Path, default=RUN_FOLDER, help="run folder (default: build/run)"
    )
    return action


def _add_stream(action: argparse.ArgumentParser, *, optional: bool = False) -> None:
    many = "?" if optional else None
    action.add_argument("consumer", metavar="CONSUMER", nargs=many, help="e.g. workflow.policies")
    action.add_argument("stream", metavar="STREAM", nargs=many, help="e.g. document-<id>")


def _add_decision(action: argparse.ArgumentParser) -> None:
    action.add_argument("--dry-run", action="store_true", help="show it, change nothing")
    action.add_argument(
        "--by",
        metavar="HANDLER",
        default=OPERATOR,
        help=f"who decides, alone: machine:<name> (default: {OPERATOR})",
    )
