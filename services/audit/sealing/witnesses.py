"""Co-signatures: each new checkpoint goes to the policy's witnesses, and is published with theirs.

`checkpoint` is what the policy takes: while too few witnesses answer it stays at the last one that
they co-signed, and `signed` goes on alone. How far the one is behind the other is measured.
"""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from libs.observability import get_logger
from libs.translog import (
    CHECKPOINT,
    Checkpoint,
    LogFiles,
    Note,
    Policy,
    Signature,
    TranslogError,
    VerifierKey,
)
from libs.translog.files import log_in, make_folder, write_durably
from libs.translog.prove import subtree_root
from services.audit.sealing.errors import Contradicted
from services.audit.sealing.files import show
from services.audit.sealing.metrics import PUBLISHED, WITNESS_BEHIND, WITNESS_FAILURES, WITNESSED
from services.audit.sealing.shards import ShardName
from services.audit.sealing.witness import Witness, WitnessFailed, has_signed

CONTRADICTIONS = "contradictions"
"""The folder in the sealer's, where evidence against us is kept."""
PAUSE = 0.5
"""Seconds between two checkpoints that witnesses are asked about."""
_PATIENCE = 15.0
_FOR_THE_REST = 0.2
"""Seconds that the others get when those who answered are enough."""

_AT_ONCE = 4
"""So many questions to one witness: a co-signature, and what it has seen of three shards."""

logger = get_logger(__name__)


@dataclass(frozen=True)
class Past:
    """A shard as we know it: up to `known`, which is empty for one that was not begun."""

    key: VerifierKey
    known: Checkpoint
    files: LogFiles


class Witnesses:
    """Takes signed checkpoints by `offer`, from any thread; a thread of its own asks for the rest.

    Without a policy, or with the quorum `none`, what is signed is published at once.
    """

    def __init__(self, policy: Policy | None, log: Path) -> None:
        self._policy = policy or Policy()
        self._log = log
        self._witnesses = {
            name: Witness(party) for name, party in self._policy.witnesses.items() if party.url
        }
        self._pool = ThreadPoolExecutor(max(len(self._witnesses) * _AT_ONCE, 1), "witness")
        self._busy: dict[str, Future[Signature]] = {}
        self._failing: set[str] = set()
        self._strange: set[tuple[str, str]] = set()
        self._offered: dict[ShardName, Note] = {}
        self._changed = threading.Condition()
        self._published: dict[ShardName, int] = {}
        self._shown: dict[ShardName, tuple[int, int]] = {}
        self._publishing = threading.Lock()
        self._cosigned: dict[tuple[str, ShardName], int] = {}
        self.doubted = threading.Event()
        """Set when a witness refused a checkpoint: see what it has seen, by `check_past`."""

    def start(self) -> None:
        """Ask for co-signatures from now on, while the process lives."""
        if self._witnesses:
            threading.Thread(target=self._go_on, name="witnesses", daemon=True).start()

    def offer(self, name: ShardName, note: Note) -> None:
        """Publish a signed checkpoint as soon as the policy takes it."""
        if self._policy.satisfied_by({}):
            self._publish(name, note)
        with self._changed:
            self._offered[name] = note
            self._changed.notify()

    def check_past(self, pasts: Sequence[Past], kept: Path) -> None:
        """Ask every witness what it has seen of shards that we know up to a checkpoint, or not yet.

        Raises `Contradicted` when one shows a past that is not ours under our own signature. A
        witness's own is believed of a shard alone that was not begun: its key may have been lost,
        and a year must not begin twice. Copies of all that was shown so are put into the folder
        `kept`. Who does not answer is passed over: it cannot co-sign either.
        """
        asked = [
            (name, past, self._pool.submit(each.shows, past.key.name, [past.key, each.key]))
            for name, each in self._witnesses.items()
            for past in pasts
        ]
        found, silent = [], {}
        for name, past, future in asked:
            try:
                seen = future.result()
            except WitnessFailed as error:
                silent[name] = str(error)
                continue
            if seen and (why := self._against(name, seen, past)):
                path = _keep(kept, name, seen)
                found.append(f"witness {name} shows {why}; its evidence is in {path}")
        for name, cause in silent.items():
            logger.warning("witness_silent", witness=name, cause=cause)
        if found:
            raise Contradicted("; ".join(found))

    def _against(self, witness: str, seen: Note, past: Past) -> str:
        """What is wrong with a note that a witness shows; empty when nothing is."""
        told = Checkpoint.parse(seen.text)
        if has_signed(past.key, seen):
            return _contradiction(told, past)
        if told.size and not past.known.size:
            return f"{told.size} entries of {told.origin} under another key than ours"
        if told.size and (witness, told.origin) not in self._strange:
            self._strange.add((witness, told.origin))
            logger.error("log_under_another_key", witness=witness, origin=told.origin)
        return ""

    def measure(self, name: ShardName, signed: int) -> None:
        """Set the measures of the shard that grows, of which so many entries are signed."""
        if name not in self._published:
            self._recall(name)
        published = self._published[name]
        WITNESSED.set(published)
        if published >= signed:
            PUBLISHED.set_to_current_time()
        for witness in self._witnesses:
            WITNESS_BEHIND.labels(witness).set(signed - self._cosigned.get((witness, name), 0))

    def _recall(self, name: ShardName) -> None:
        """Take up what an earlier process has published."""
        self._published[name] = 0
        with suppress(FileNotFoundError, TranslogError):
            note = log_in(self._log / str(name)).note()
            size = self._published[name] = Checkpoint.parse(note.text).size
            self._cosigned |= {(each, name): size for each in self._policy.cosigned(note)}

    def _go_on(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._offered))
                offered, self._offered = self._offered, {}
            for name, note in sorted(offered.items()):
                if not self._tried(name, note):
                    with self._changed:
                        self._offered.setdefault(name, note)
            time.sleep(PAUSE)

    def _tried(self, name: ShardName, note: Note) -> bool:
        """A round that may fail, as by a full disk: the thread lives, and the next one tries it."""
        try:
            return self._round(name, note)
        except Exception:
            logger.exception("witness_round_failed", shard=str(name))
            return False

    def _round(self, name: ShardName, note: Note) -> bool:
        """Ask the witnesses that are free; publish, and say so, when the policy is satisfied."""
        files = log_in(self._log / str(name))
        asked: dict[Future[Signature], str] = {}
        for witness, asks in self._witnesses.items():
            if witness not in self._busy or self._busy[witness].done():
                future = self._busy[witness] = self._pool.submit(asks.cosign, note, files)
                asked[future] = witness
        deadline, waiting, enough = time.monotonic() + _PATIENCE, set(asked), False
        while waiting and (left := deadline - time.monotonic()) > 0:
            done, waiting = wait(waiting, left, FIRST_COMPLETED)
            signatures = [self._signature(name, note, asked[each], each) for each in done]
            note = note.with_signatures(*(each for each in signatures if each))
            if self._policy.satisfied_by(self._policy.cosigned(note)):
                self._publish(name, note)
                if not enough:
                    deadline, enough = time.monotonic() + _FOR_THE_REST, True
        return enough

    def _signature(
        self, name: ShardName, note: Note, witness: str, future: Future[Signature]
    ) -> Signature | None:
        try:
            signature = future.result()
        except WitnessFailed as error:
            WITNESS_FAILURES.labels(witness).inc()
            if witness not in self._failing:
                logger.warning("witness_failed", witness=witness, cause=str(error))
            self._failing.add(witness)
            if error.refused:
                self.doubted.set()
            return None
        if witness in self._failing:
            logger.info("witness_back", witness=witness)
        self._failing.discard(witness)
        self._cosigned[witness, name] = Checkpoint.parse(note.text).size
        return signature

    def _publish(self, name: ShardName, note: Note) -> None:
        """Show a checkpoint unless a larger one, or more signatures of it, are shown already."""
        size = Checkpoint.parse(note.text).size
        worth = size, len(note.signatures)
        with self._publishing:
            if worth >= self._shown.get(name, worth):
                show(self._log / str(name), CHECKPOINT, bytes(note))
                self._shown[name], self._published[name] = worth, size


def _keep(folder: Path, witness: str, seen: Note) -> Path:
    """Put evidence away for the persons who decide, and for the fork that they decide on."""
    told = Checkpoint.parse(seen.text)
    make_folder(folder)
    path = folder / f"{witness}-{told.origin.rpartition('/')[2]}-{told.size}.txt"
    write_durably(path, bytes(seen), mode=0o600)
    return path


def _contradiction(told: Checkpoint, past: Past) -> str:
    """How a checkpoint of ours is not of the past that we know; empty when it is."""
    known = past.known
    if told.size > known.size:
        return f"{told.size} entries of {told.origin}; {known.size} are known here"
    try:
        root = subtree_root(told.size, past.files.tile, known.size) if told.size else told.root
    except TranslogError as error:
        return f"{told.size} entries of {told.origin}, which cannot be read here: {error}"
    return "" if root == told.root else f"another root for {told.size} entries of {told.origin}"
