"""Everything at once: each certificate of the directory, its chain, its key, its name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from unicodedata import normalize
from uuid import UUID

from asn1crypto import pem, x509

from libs.blobs import BlobMissing, BlobStore
from services.directory.certificates import VIETNAM
from services.directory.domain.subscriber import Certificate
from tools.certificates import authorities, files
from tools.certificates.chain import Chain, Kind, build, name_of
from tools.certificates.examine import Examined, examine
from tools.certificates.findings import Finding, finding
from tools.certificates.inventory import Inventory
from tools.certificates.place import Place

_LARGEST = 4 * 1024 * 1024
_INSIDE = "inside"


@dataclass(frozen=True)
class Ward:
    """The certificates of an installation, read from its store and blobs."""

    inventory: Inventory
    blobs: BlobStore

    def certificate(self, entry: Certificate) -> x509.Certificate:
        """The X.509 certificate of an entry."""
        content = self.blobs.read(entry.registered.file, limit=_LARGEST)
        return files.parse(pem.unarmor(content)[2])

    def name(self, owner_id: UUID) -> str:
        """Whose it is: an agency's name, or the one on a person's card; empty when erased."""
        if agency := self.inventory.agencies.get(owner_id):
            return agency.name
        card = self.inventory.cards.get(owner_id)
        try:
            return str(self.report(card).get("full_name", "")) if card else ""
        except BlobMissing:
            return ""

    def report(self, digest: str) -> dict[str, Any]:
        """A JSON blob."""
        read: dict[str, Any] = json.loads(self.blobs.read(digest, limit=_LARGEST))
        return read

    def inside(self, owner_id: UUID) -> bool:
        """Whether the owner's keys are this installation's business."""
        known = self.inventory.agencies
        places = self.inventory.places(owner_id)
        return any(known[one].channel == _INSIDE for one in places if one in known)


@dataclass(frozen=True)
class Visit:
    """What a visit found: of each certificate, and of the surroundings (clock, time stamps)."""

    examined: tuple[Examined, ...]
    findings: tuple[Finding, ...]

    @property
    def state(self) -> str:
        """The worst of all: `error`, `warning` or `healthy`."""
        states = {one.state for one in self.examined} | {one.severity for one in self.findings}
        return next((state for state in ("error", "warning") if state in states), "healthy")

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "state": self.state,
            "findings": [one.to_json() for one in self.findings],
            "certificates": [one.to_json() for one in self.examined],
        }


def current(inventory: Inventory, at: datetime) -> list[Certificate]:
    """What counts: of each holder and purpose what is valid, and at least the newest."""
    day = at.astimezone(VIETNAM).date()
    held = [
        one
        for one in inventory.certificates()
        if not one.ended and not inventory.gone(one.registered.owner_id, day)
    ]
    newest: dict[tuple[UUID, str], UUID] = {}
    for one in sorted(held, key=lambda each: each.registered.valid_to):
        entry = one.registered
        newest[entry.owner_id, entry.kind] = entry.certificate_id
    last = set(newest.values())
    return [one for one in held if one.registered.certificate_id in last or one.in_use(day)]


def examine_all(
    ward: Ward, place: Place, at: datetime, now: datetime, watch: Callable[[int, int], None]
) -> Visit:
    """Examine everything that counts, the authorities, and keys that nothing may use."""
    chosen, known = current(ward.inventory, at), set()
    examined: list[Examined] = []
    for done, one in enumerate(chosen):
        watch(done, len(chosen))
        entry, certificate = one.registered, ward.certificate(one)
        known.add(certificate.sha256)
        holder = entry.authority or ward.name(entry.owner_id)
        more = [*_name(certificate, entry.kind, holder), *_key(ward, place, one, certificate)]
        examined.append(
            examine(
                certificate, place.asker, at=at, now=now, kind=cast(Kind, entry.kind),
                more=more, holder=holder,
            )
        )  # fmt: skip
    examined += _ended_keys(ward, place, at, now)
    watch(len(chosen), len(chosen))
    samples = [each.chain.links[0] for each in examined]
    seen = authorities.look(place.asker, place.tsa_urls, samples)
    for authority in seen.authorities:
        if authority.certificate.sha256 not in known:
            stranger = finding("not_in_directory", 0, name_of(authority.certificate))
            examined.append(
                examine(
                    authority.certificate, place.asker, at=at, now=now, kind=authority.kind,
                    more=[stranger],
                )
            )  # fmt: skip
    return Visit(tuple(examined), seen.findings)


def chains(ward: Ward, place: Place, now: datetime) -> dict[UUID, Chain]:
    """The chain of every certificate with which somebody may sign, or that is an authority's."""
    return {
        one.registered.certificate_id: build(ward.certificate(one), place.trust)
        for one in current(ward.inventory, now)
    }


def _name(certificate: x509.Certificate, kind: str, holder: str) -> Iterator[Finding]:
    """The subject's name or organisation is the holder's by the directory."""
    if not holder or kind in ("ca", "ocsp", "tsa"):
        return
    subject = certificate.subject.native
    told = [subject.get("common_name", ""), subject.get("organization_name", "")]
    wanted = told[:1] if kind == "leader" else told
    if _plain(holder) not in {_plain(str(one)) for one in wanted}:
        yield finding("name_differs", 0, name_of(certificate), holder)


def _plain(name: str) -> str:
    return " ".join(normalize("NFC", name).casefold().split())


def _key(
    ward: Ward, place: Place, one: Certificate, certificate: x509.Certificate
) -> list[Finding]:
    """The key of a leader, a seal or a service, unless its holder has it on a device."""
    entry = one.registered
    if entry.device or not ward.inside(entry.owner_id):
        return []
    return place.keys.check(entry.kind, entry.owner_id, certificate)


def _ended_keys(ward: Ward, place: Place, at: datetime, now: datetime) -> Iterator[Examined]:
    """Keys that are still here although their certificates were revoked, returned or lost."""
    for one in ward.inventory.certificates():
        entry = one.registered
        if not one.ended or not place.keys.places(entry.kind):
            continue
        certificate = ward.certificate(one)
        if not place.keys.check(entry.kind, entry.owner_id, certificate):
            ended = ", ".join(sorted(one.ended))
            still = finding("ended_in_directory", 0, name_of(certificate), ended)
            yield examine(
                certificate, place.asker, at=at, now=now, kind=cast(Kind, entry.kind),
                more=[still], holder=ward.name(entry.owner_id),
            )  # fmt: skip


def examine_file(path: Path, place: Place, at: datetime, now: datetime) -> Visit:
    """Examine the certificates of a file. Raises `FileUnreadable`."""
    brought = files.read(path)
    examined = tuple(
        examine(one, place.asker, at=at, now=now, others=brought.others)
        for one in brought.certificates
    )
    return Visit(examined, authorities.look(place.asker, place.tsa_urls).findings)
