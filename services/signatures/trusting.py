"""The worker's side of the trust store: read published lists, work with what was approved."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from tempfile import mkdtemp
from uuid import UUID

from libs.blobs import BlobStore
from libs.db import Database, Unit
from libs.jobs.queue import Job
from libs.jobs.worker import Act, Finish
from services.signatures import queries
from services.signatures.bundles import bundle_of
from services.signatures.commands import ProposeTrust, RefuseTrustList
from services.signatures.domain import trust
from services.signatures.errors import SignaturesError
from services.signatures.events import TrustListRefused
from services.signatures.pdf.engine import Setup
from services.signatures.pdf.isolate import Isolated
from services.signatures.pdf.signed import SigningRefused
from services.signatures.pdf.trust import TrustStore
from services.signatures.recording import JOURNAL
from services.signatures.trust_orders import STREAM

LARGEST_FILE = 10 * 1024 * 1024


@dataclass(frozen=True)
class Reading:
    """What is needed to read a list; `engine` is the worker's own child process."""

    blobs: BlobStore
    engine: Isolated

    def read_list(self, job: Job) -> Finish:
        """Propose what a published list says, or record why it is not taken."""
        order = job.arguments
        list_id, person = UUID(order["list_id"]), UUID(order["brought_by"])
        xml = self.blobs.read(order["file"], limit=LARGEST_FILE)
        now = datetime.now(UTC)
        try:
            found = self.engine.read_list(xml, at=now)
        except SigningRefused as error:
            return _recorded(job, self._refusal(list_id, order["file"], person, error.code))
        bundle = bundle_of(found.certificates)
        self.blobs.put_bytes(bundle.pem)
        version = bundle.proposed(
            list_id, found.scheme, person, found.sequence, found.next_update.astimezone(UTC)
        )
        return _recorded(job, ProposeTrust(version, now), order["file"])

    @staticmethod
    def _refusal(list_id: UUID, file: str, person: UUID, code: str) -> RefuseTrustList:
        return RefuseTrustList(TrustListRefused(list_id, file, person, code))


def _recorded(job: Job, command: ProposeTrust | RefuseTrustList, file: str = "") -> Finish:
    def finish(unit: Unit) -> None:
        history, version = JOURNAL.load(unit.store, STREAM)
        state = reduce(trust.evolve, history, trust.NEW)
        try:
            events = trust.decide(state, command)
        except SignaturesError as error:
            assert isinstance(command, ProposeTrust)
            told = command.version
            events = [TrustListRefused(told.version_id, file, told.proposed_by, error.code)]
        if events:
            context = replace(job.context, occurred_at=unit.now)
            JOURNAL.append(unit.store, STREAM, version, events, context, job.job_id)

    return finish


@dataclass
class ApprovedTrust:
    """The setup with the approved trust store, or with its own while nothing was approved.

    `folder` is this process's own; what is written there has its digest as its name.
    """

    database: Database
    blobs: BlobStore
    own: Setup
    folder: Path
    _known: dict[tuple[str, ...], Setup] = field(default_factory=dict)

    def setup(self, at: datetime) -> Setup:
        """What a child is to be started from at that instant.

        A list whose end is over is passed over then; when no root is left, nobody is trusted.
        Raises `TrustStoreUnreadable` for an approved part that no child could start with: jobs
        then fail and are told, rather than being judged by another store than the approved one.
        """
        with self.database.unit() as unit:
            parts = queries.trust_parts(unit.connection)
        if not parts:
            return self.own
        bundles = tuple(sorted({part.bundle for part in trust.in_use(parts, at)}))
        if bundles not in self._known:
            store = self._written(bundles) if bundles else None
            self._known[bundles] = replace(self.own, trust=store)
        return self._known[bundles]

    def _written(self, bundles: Sequence[str]) -> Path:
        name = hashlib.sha256("".join(bundles).encode()).hexdigest()
        store, partial = self.folder / name, Path(mkdtemp(dir=self.folder))
        for bundle in bundles:
            (partial / f"{bundle}.pem").write_bytes(self.blobs.read(bundle, limit=LARGEST_FILE))
        TrustStore.load(partial)
        with suppress(OSError):  # another worker of this process was faster
            partial.rename(store)
        return store


def trusting(acts: Mapping[str, Act], engine: Isolated, approved: ApprovedTrust) -> dict[str, Act]:
    """The acts, each by a child that trusts what is approved when the act begins.

    A child that has a token keeps it.
    """

    def renewed(act: Act) -> Act:
        def run(job: Job) -> Finish:
            engine.renew(replace(approved.setup(datetime.now(UTC)), token=engine.setup.token))
            return act(job)

        return run

    return {kind: renewed(act) for kind, act in acts.items()}
