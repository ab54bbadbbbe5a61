"""Make the keys and certificates of the test PKI."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asn1crypto import pem
from certomancer.registry import PKIArchitecture
from certomancer.registry.common import CertLabel
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from . import store
from .architecture import AUTHORITIES, build
from .store import State, Subject

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def init(
    data: Path,
    subjects: Sequence[Subject] = (),
    port: int = 0,
    start: datetime | None = None,
) -> State:
    """Create the PKI, or add subjects to one that exists; a known id keeps its certificate.

    The port goes into every certificate (the OCSP address), so it is chosen once: the given
    one, else a free one from the kernel. `start` is where the authorities' validity begins,
    a day ago unless given.
    """
    try:
        state = store.load(data)
    except FileNotFoundError:
        # A day of slack: the clock of a verifier may be a little behind.
        start = start or datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        state = State(port=port or _free_port(), created_at=start.isoformat())
    for name in AUTHORITIES:
        if not (data / "ca" / f"{name}.pem").exists():
            _authority_key(data, name)
    known = {person.label for person in state.subjects}
    state = replace(state, subjects=store.merged(state.subjects, subjects))
    new = [person for person in state.subjects if person.label not in known]
    keys = [(person, _person_key(data, person)) for person in new]
    architecture = build(data, state)
    for name in ("root", "localities"):
        store.write(data / "trust" / f"{name}.pem", certificate_pem(architecture, name))
    for person, key in keys:
        _person_files(data, person, key, certificate_pem(architecture, person.label))
    store.save(data, state)
    return state


def revoke(data: Path, label: str, at: datetime) -> State:
    """Mark a certificate as revoked since `at`; the OCSP responder says so from now on.

    `label` is a subject's id, with -service behind it for a service key. Raises `SubjectRefused`
    for an unknown one.
    """
    state = store.load(data)
    if label not in {person.label for person in state.subjects}:
        raise store.SubjectRefused(f"no certificate for {label}")
    state = replace(
        state,
        subjects=tuple(
            replace(person, revoked_at=at.isoformat()) if person.label == label else person
            for person in state.subjects
        ),
    )
    store.save(data, state)
    return state


def certificate_pem(architecture: PKIArchitecture, label: str) -> bytes:
    """One certificate of the PKI, PEM."""
    der: bytes = architecture.get_cert(CertLabel(label)).dump()
    armored: bytes = pem.armor("CERTIFICATE", der)
    return armored


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _authority_key(data: Path, name: str) -> None:
    encoded = _rsa().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    store.write(data / "ca" / f"{name}.pem", encoded, mode=0o600)


def _person_key(data: Path, person: Subject) -> PrivateKey:
    service = person.kind == "service"
    key = ec.generate_private_key(ec.SECP256R1()) if service else _rsa()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    store.write(data / "ca" / "people" / f"{person.label}.pem", public)
    return key


def _person_files(data: Path, person: Subject, key: PrivateKey, certificate: bytes) -> None:
    pin = secrets.token_urlsafe(18)
    bundle = pkcs12.serialize_key_and_certificates(
        person.label.encode(),
        key,
        x509.load_pem_x509_certificate(certificate),
        None,
        serialization.BestAvailableEncryption(pin.encode()),
    )
    store.write(data / f"{person.key_file}.pin", pin.encode(), mode=0o600)
    store.write(data / f"{person.key_file}.p12", bundle, mode=0o600)
    store.write(data / "certificates" / f"{person.label}.pem", certificate)
