"""`--ask-witnesses`: what the policy's witnesses have seen of its logs."""

from collections.abc import Iterator
from dataclasses import replace

from libs.translog import Checkpoint, Policy, VerifierKey
from libs.translog.policy import Party
from services.audit.sealing.shards import origin_of, parts_of
from services.audit.sealing.witness import Witness, WitnessFailed
from tools.log.places import LogUnreachable


def seen_by_witnesses(policy: Policy) -> tuple[list[tuple[str, Checkpoint]], list[str]]:
    """What each witness with an address shows of each log, and who shows nothing at all.

    Of a year or a fork that comes next and that the policy does not name yet the witness's own
    signature tells that there is one. Raises `LogUnreachable` when one does not answer, or when
    there is nobody to be asked.
    """
    parties = {name: party for name, party in policy.witnesses.items() if party.url}
    if not parties:
        raise LogUnreachable("--ask-witnesses: no witness of the policy has an address")
    seen, silent = [], []
    for name, party in parties.items():
        shown = list(_shown(name, party, policy))
        seen += [(f"witness {name}", checkpoint) for checkpoint in shown]
        silent += [] if shown else [name]
    return seen, silent


def _shown(name: str, party: Party, policy: Policy) -> Iterator[Checkpoint]:
    keys = {log.key.name: log.key for log in policy.logs}
    asked: dict[str, VerifierKey] = dict.fromkeys(_next(list(keys)), party.key) | keys
    witness = Witness(party)
    try:
        for origin, key in asked.items():
            note = witness.shows(origin, [key])
            if note:
                yield Checkpoint.parse(note.text)
    except WitnessFailed as error:
        raise LogUnreachable(f"witness {name} does not answer: {error}") from error


def _next(origins: list[str]) -> Iterator[str]:
    """The fork and the year that may follow each log."""
    for origin in origins:
        try:
            base, name = parts_of(origin)
        except ValueError:
            continue
        yield origin_of(base, name.forked())
        yield origin_of(base, replace(name, year=name.year + 1, fork=0))
