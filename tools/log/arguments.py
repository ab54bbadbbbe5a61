"""What `lienthong log` understands, and what its --help teaches."""

import argparse
from pathlib import Path
from uuid import UUID

from tools.platform.handle import RUN_FOLDER

_TEACHING = """\
Every event of the platform becomes an entry of a log that only grows: a Merkle tree whose root is
signed every moment, and co-signed by other agencies. There is one log for each year. Whoever keeps
an old checkpoint, or one proof, can show later that something was changed or left out.

  status    how far the log is sealed, how far it is witnessed, what is wrong
  export    copy one year's log, checking every hash on the way; again into the same folder: the
            new state is shown to begin with the old one
  prove     the proof of one event, as two small files for anybody
  check     check such a proof, without network and without the platform
  key       make the key of a coming year, before its first day
  token     where the keys are in a token: whether the sealer may open it, which it has
  fork      after sealed events were lost for good: two persons decide that the log goes on
  operator  make a person's key for that

examples:
  lienthong log status
  lienthong log export ./copy --policy policy
  lienthong log export ./copy --log https://lienthong.h42.gov.vn/log --shard 2026 \\
                              --policy policy --token-file token
  lienthong log prove 6749f42b-cad8-5bb9-ad4a-d58878e158fd --to ./proofs
  lienthong log check ./proofs/6749f42b-cad8-5bb9-ad4a-d58878e158fd.tlog-proof --policy policy
  lienthong log key 2027
  lienthong log token --log-in                          the PIN was wrong, and is right now
  lienthong log fork                                    what was lost; nothing is decided
  lienthong log fork --reason "..." --sign-with a.pem   the first person
  lienthong log fork --sign-with b.pem                  the second: then the sealer goes on

The log is --log (a folder or a URL), else LOG_DIR, else that of the platform in --folder. A policy
(C2SP tlog-policy) names the keys that you trust: get them from somebody else than the log.
"""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    top = argparse.ArgumentParser(
        prog="lienthong log",
        description="The transparency log: look, copy, prove, check.",
        epilog=_TEACHING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = top.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_log(_action(actions, "status", "how far the log is sealed and witnessed"))
    copy = _action(actions, "export", "copy one year's log, checked as it is written")
    copy.add_argument("target", type=Path, metavar="DIR", help="where the copy goes")
    _add_log(copy)
    add_trust(copy)
    proof = _action(actions, "prove", "write the proof of one event")
    proof.add_argument("event", type=UUID, metavar="EVENT_ID")
    proof.add_argument(
        "--to", dest="target", type=Path, default=Path(), metavar="DIR", help="where it goes"
    )
    _add_log(proof)
    check = _action(actions, "check", "check a proof that `prove` wrote, anywhere")
    check.add_argument("proof", type=Path, metavar="PROOF", help="the .tlog-proof file")
    check.add_argument("entry", type=Path, nargs="?", help="its entry (default: the file beside)")
    add_trust(check)
    key = _action(actions, "key", "make a year's key, and print its public part for witnesses")
    key.add_argument("shard", metavar="YEAR")
    key.add_argument("--folder", type=Path, default=RUN_FOLDER, help="run folder")
    token = _action(actions, "token", "see whether the sealer may open the token with its keys")
    token.add_argument(
        "--log-in",
        action="store_true",
        help="give the PIN of its file once, though one was refused: make sure that it is right",
    )
    token.add_argument("--folder", type=Path, default=RUN_FOLDER, help="run folder")
    fork = _action(actions, "fork", "see what was lost; sign that the log goes on without it")
    fork.add_argument("--reason", metavar="TEXT", help="why, in one line and without names")
    fork.add_argument("--sign-with", type=Path, metavar="KEY", help="your key: decide so")
    fork.add_argument("--folder", type=Path, default=RUN_FOLDER, help="run folder")
    operator = _action(actions, "operator", "make a person's key; its public part is printed")
    operator.add_argument("name", metavar="NAME", help="such as operator.a: no spaces")
    operator.add_argument("file", type=Path, metavar="FILE", help="where the private key goes")
    return top


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str
) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=text, description=text)
    action.add_argument("--json", action="store_true", help="print JSON for programs")
    return action


def _add_log(action: argparse.ArgumentParser) -> None:
    action.add_argument("--log", metavar="PLACE", help="the log's folder or URL")
    action.add_argument("--shard", metavar="YEAR", help="which year's (default: the newest)")
    action.add_argument(
        "--token-file", type=Path, metavar="FILE", help="an auditor's token, for a log at a URL"
    )
    action.add_argument(
        "--folder", type=Path, default=RUN_FOLDER, help="run folder (default: build/run)"
    )


def add_trust(action: argparse.ArgumentParser) -> None:
    """Add the words by which somebody says whom he trusts."""
    action.add_argument("--policy", type=Path, metavar="FILE", help="logs and witnesses you trust")
    action.add_argument("--key", metavar="VKEY", help="the log's key, where there is no policy")
