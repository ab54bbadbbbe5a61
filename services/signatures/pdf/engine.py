"""Everything that a worker needs to sign and to judge, read once from its settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from services.signatures.keys import Pkcs12Folder

from .box import Box
from .evidence import Evidence, add_evidence
from .fetch import HttpFetch
from .judge import ExpectedSigner
from .pictures import Pictures
from .report import Report
from .revocation import RevocationSource
from .sign import (
    Signed,
    SigningRefused,
    sign_attachment,
    sign_copy,
    sign_leader,
    sign_number,
    sign_seal,
)
from .standing import Standing, Standings
from .timestamps import TimestampAuthorities
from .trust import TrustStore
from .trust_list import TrustList, read_list, signers_in
from .verdict import validate


@dataclass(frozen=True)
class Setup:
    """Where a worker finds trust, keys and authorities.

    Without `trust` nobody is trusted, without `keys` nothing can be signed, without `tsa_urls`
    every signature is B-B. `hosts` are the `host:port` pairs that may be asked for OCSP, CRL
    and timestamps, `pictures` scanned signatures and seals, `<owner id>.png`, `list_signers` the
    certificates by which published lists are believed.
    """

    trust: Path | None
    hosts: tuple[str, ...] = ()
    keys: Path | None = None
    tsa_urls: tuple[str, ...] = ()
    pictures: Path | None = None
    list_signers: Path | None = None
    fetch_seconds: float = 3.0

    @property
    def patience(self) -> float:
        """The longest that one act waits in vain: for revocation, then for each authority."""
        return (1 + len(self.tsa_urls)) * self.fetch_seconds


class Engine:
    """The tasks of a signing and validation worker. Single-threaded."""

    def __init__(self, setup: Setup) -> None:
        self.trust = TrustStore.load(setup.trust) if setup.trust else TrustStore.empty()
        self._fetch = HttpFetch(setup.hosts, timeout=setup.fetch_seconds)
        self._source = RevocationSource(self._fetch, patience=setup.fetch_seconds)
        self._list_signers = signers_in(setup.list_signers)
        self._pictures = Pictures(setup.pictures)
        self._standings = Standings(self.trust, self._source)
        self._tsa = TimestampAuthorities(setup.tsa_urls, self._fetch, self.trust)
        self._keys = Pkcs12Folder(setup.keys or Path("/nonexistent"), self.trust.intermediates)

    def validate(
        self, pdf: bytes, *, at: datetime, expected: Sequence[ExpectedSigner] = ()
    ) -> Report:
        """See `verdict.validate`."""
        return validate(pdf, trust=self.trust, at=at, expected=expected, fetch=self._source)

    def sign_leader(
        self,
        pdf: bytes,
        *,
        person_id: str,
        box: Box,
        at: datetime,
    ) -> Signed:
        """See `sign.sign_leader`; key and picture are the person's own."""
        signer, standing = self._signer(person_id, at)
        signed = sign_leader(
            pdf,
            signer=signer,
            person_id=person_id,
            box=box,
            tsa=self._tsa,
            at=at,
            picture=self._pictures.of(person_id),
        )
        return _told(signed, standing)

    def sign_number(self, pdf: bytes, *, agency_id: str, at: datetime, **places: Any) -> Signed:
        """See `sign.sign_number`: `number`, `number_box`, `date`, `date_box`."""
        signer, standing = self._signer(agency_id, at)
        return _told(sign_number(pdf, signer=signer, tsa=self._tsa, at=at, **places), standing)

    def sign_seal(
        self, pdf: bytes, *, agency_id: str, agency: str, box: Box, at: datetime
    ) -> Signed:
        """See `sign.sign_seal`; `agency` is the name on the ring where it has no picture."""
        signer, standing = self._signer(agency_id, at)
        signed = sign_seal(
            pdf,
            signer=signer,
            agency=agency,
            box=box,
            tsa=self._tsa,
            at=at,
            picture=self._pictures.of(agency_id),
        )
        return _told(signed, standing)

    def sign_attachment(self, pdf: bytes, *, agency_id: str, code: str, at: datetime) -> Signed:
        """See `sign.sign_attachment`."""
        signer, standing = self._signer(agency_id, at)
        return _told(sign_attachment(pdf, signer=signer, code=code, tsa=self._tsa, at=at), standing)

    def sign_copy(
        self, pdf: bytes, *, agency_id: str, form: str, agency: str, at: datetime
    ) -> Signed:
        """See `sign.sign_copy`; `agency` is its name."""
        signer, standing = self._signer(agency_id, at)
        signed = sign_copy(pdf, signer=signer, form=form, agency=agency, tsa=self._tsa, at=at)
        return _told(signed, standing)

    def read_list(self, xml: bytes, *, at: datetime) -> TrustList:
        """See `trust_list.read_list`. Raises `TrustListRefused`."""
        return read_list(xml, self._list_signers, at)

    def add_evidence(self, pdf: bytes, *, at: datetime) -> Evidence:
        """See `evidence.add_evidence`; what was made is judged before it is given out.

        Raises `SigningRefused`, also `evidence_not_good` for what does not pass.
        """
        if self._tsa.resting:
            raise SigningRefused("timestamp_unavailable", "each authority failed a moment ago")
        made = add_evidence(pdf, trust=self.trust, tsa=self._tsa, at=at, fetch=self._source)
        report = self.validate(made.pdf, at=max(at, made.stamped_at))
        if report.verdict != "TOTAL_PASSED":
            code = "revocation_unknown" if report.pending else "evidence_not_good"
            raise SigningRefused(code, f"with evidence the file is {report.sub_indication}")
        return made

    def _signer(self, owner_id: str, at: datetime) -> tuple[Any, Standing]:
        """The owner's signer, once its certificate was found fit. Raises `SigningRefused`."""
        signer = self._keys.signer(owner_id)
        return signer, self._standings.check(signer.signing_cert, at)


def _told(signed: Signed, standing: Standing) -> Signed:
    return replace(signed, revocation=standing.revocation, answers=standing.answers)
