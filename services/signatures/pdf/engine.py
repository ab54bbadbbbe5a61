"""Everything that a worker needs to sign and to judge, read once from its settings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from asn1crypto import x509

from libs.pkcs11.place import TokenPlace
from services.signatures.keys import KeyStore, Pkcs12Folder
from services.signatures.token_state import TokenState
from services.signatures.tokens import Pkcs11Token

from .box import Box
from .device import Prepared, complete, prepare_leader
from .evidence import Evidence, add_evidence
from .fetch import HttpFetch
from .field import check_signable
from .judge import ExpectedSigner
from .pictures import Pictures
from .report import Report
from .returned import check_returned, with_form
from .revocation import RevocationSource
from .sign import sign_attachment, sign_copier, sign_copy, sign_leader, sign_number, sign_seal
from .signed import Signed, SigningRefused
from .standing import Standing, Standings
from .timestamps import TimestampAuthorities
from .trust import TrustStore
from .trust_list import TrustList, read_list, signers_in
from .verdict import validate

NOWHERE = Path("/nonexistent")


@dataclass(frozen=True)
class Setup:
    """Where a worker finds trust, keys and authorities.

    Without `trust` nobody is trusted, without `keys` or a `token` nothing can be signed, without
    `tsa_urls` every signature is B-B. `hosts` are the `host:port` pairs that may be asked for
    OCSP, CRL and timestamps; `offline` judges by what a file itself brings and asks nobody.
    `pictures` are scanned signatures and seals, `<owner id>.png`, `list_signers` the certificates
    by which published lists are believed.
    """

    trust: Path | None
    hosts: tuple[str, ...] = ()
    keys: Path | None = None
    tsa_urls: tuple[str, ...] = ()
    pictures: Path | None = None
    list_signers: Path | None = None
    fetch_seconds: float = 3.0
    offline: bool = False
    token: TokenPlace | None = None

    @property
    def patience(self) -> float:
        """The longest that one act waits in vain: for revocation, then for each authority."""
        return (1 + len(self.tsa_urls)) * self.fetch_seconds


class Engine:
    """The tasks of a signing and validation worker. Single-threaded."""

    def __init__(self, setup: Setup) -> None:
        self._offline = setup.offline
        self.trust = TrustStore.load(setup.trust) if setup.trust else TrustStore.empty()
        self._fetch = HttpFetch(setup.hosts, timeout=setup.fetch_seconds)
        self._source = RevocationSource(self._fetch, patience=setup.fetch_seconds)
        self._list_signers = signers_in(setup.list_signers)
        self._pictures = Pictures(setup.pictures)
        self._standings = Standings(self.trust, self._source)
        self._tsa = TimestampAuthorities(setup.tsa_urls, self._fetch, self.trust)
        chain = self.trust.intermediates
        self._token = Pkcs11Token(setup.token, chain) if setup.token else None
        self._keys: KeyStore = self._token or Pkcs12Folder(setup.keys or NOWHERE, chain)

    def token_state(self) -> TokenState:
        """See `Pkcs11Token.state`; that of no token without one."""
        return self._token.state() if self._token else TokenState()

    def validate(
        self, pdf: bytes, *, at: datetime, expected: Sequence[ExpectedSigner] = ()
    ) -> Report:
        """See `verdict.validate`."""
        fetch = None if self._offline else self._source
        return validate(pdf, trust=self.trust, at=at, expected=expected, fetch=fetch)

    def sign_leader(
        self,
        pdf: bytes,
        *,
        person_id: str,
        box: Box,
        at: datetime,
        field: str = "leader",
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
            field=field,
        )
        return _told(signed, standing)

    def sign_copier(self, pdf: bytes, *, person_id: str, at: datetime) -> Signed:
        """See `sign.sign_copier`; the key is the person's own."""
        signer, standing = self._signer(person_id, at)
        return _told(sign_copier(pdf, signer=signer, tsa=self._tsa, at=at), standing)

    def check_signable(self, pdf: bytes) -> None:
        """See `field.check_signable`."""
        check_signable(pdf)

    def with_form(self, pdf: bytes) -> bytes:
        """See `returned.with_form`. Raises `SigningRefused`."""
        try:
            return with_form(pdf)
        except Exception as error:
            text = f"the file cannot be given out: {type(error).__name__}"
            raise SigningRefused("pdf_not_signable", text) from error

    def prepare_leader(
        self,
        pdf: bytes,
        *,
        certificate: bytes,
        person_id: str,
        box: Box | None,
        at: datetime,
        field: str = "leader",
    ) -> Prepared:
        """See `device.prepare_leader`; the picture is the person's own."""
        prepared = prepare_leader(
            pdf,
            certificate=certificate,
            chain=self.trust.intermediates,
            person_id=person_id,
            box=box,
            at=at,
            picture=self._pictures.of(person_id),
            field=field,
        )
        self._standings.check(x509.Certificate.load(certificate), at)
        return prepared

    def complete(
        self,
        base: bytes,
        value: bytes,
        *,
        prepared: Prepared,
        certificates: Collection[str],
        at: datetime,
    ) -> tuple[Signed, Report]:
        """See `device.complete`; the file that comes out is judged as one that came back."""
        signed = complete(prepared, value, chain=self.trust.intermediates, tsa=self._tsa, at=at)
        report = self.check_returned(base, signed.pdf, certificates=certificates, at=at)
        return signed, report

    def check_returned(
        self, base: bytes, returned: bytes, *, certificates: Collection[str], at: datetime
    ) -> Report:
        """See `returned.check_returned`."""
        return check_returned(
            base,
            returned,
            certificates=certificates,
            trust=self.trust,
            at=at,
            fetch=self._source,
        )

    def sign_number(self, pdf: bytes, *, agency_id: str, at: datetime, **places: Any) -> Signed:
        """See `sign.sign_number`: `number`, `number_box`, `date`, `date_box`."""
        signer, standing = self._signer(agency_id, at)
        return _told(sign_number(pdf, signer=signer, tsa=self._tsa, at=at, **places), standing)

    def sign_seal(
        self,
        pdf: bytes,
        *,
        agency_id: str,
        agency: str,
        box: Box,
        at: datetime,
        field: str = "seal",
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
            field=field,
        )
        return _told(signed, standing)

    def sign_attachment(self, pdf: bytes, *, agency_id: str, code: str, at: datetime) -> Signed:
        """See `sign.sign_attachment`."""
        signer, standing = self._signer(agency_id, at)
        return _told(sign_attachment(pdf, signer=signer, code=code, tsa=self._tsa, at=at), standing)

    def sign_copy(
        self, pdf: bytes, *, agency_id: str, form: str, agency: str, at: datetime, code: str = ""
    ) -> Signed:
        """See `sign.sign_copy`; `agency` is its name."""
        signer, standing = self._signer(agency_id, at)
        signed = sign_copy(
            pdf, signer=signer, form=form, agency=agency, tsa=self._tsa, at=at, code=code
        )
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
