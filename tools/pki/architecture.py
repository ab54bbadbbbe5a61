"""The authorities and services, as a configuration of certomancer."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from certomancer.registry import CertomancerConfig, PKIArchitecture
from certomancer.registry.common import ArchLabel

from .store import State, Subject

ARCHITECTURE = "government"
TSAS = ("tsa", "tsa-2")  # the second one for when the first is away
AUTHORITIES = ("root", "localities", "ocsp-root", "ocsp-localities", *TSAS)
# Names as the state's hierarchy has them; "(thử nghiệm)" keeps anyone from taking them for real.
GOVERNMENT = "Ban Cơ yếu Chính phủ (thử nghiệm)"
ENTITIES = {
    "root": "Cơ quan chứng thực số chuyên dụng Chính phủ (RootCA thử nghiệm)",
    "localities": "Cơ quan chứng thực số Chính phủ và địa phương (thử nghiệm)",
    "ocsp-root": "OCSP RootCA (thử nghiệm)",
    "ocsp-localities": "OCSP Chính phủ và địa phương (thử nghiệm)",
    "tsa": "Dấu thời gian Chính phủ (thử nghiệm)",
    "tsa-2": "Dấu thời gian dự phòng (thử nghiệm)",
}
PERSON_YEARS, SERVICE_YEARS, SUB_YEARS, ROOT_YEARS = 3, 5, 10, 20
TSA_YEARS = {"tsa": SERVICE_YEARS, "tsa-2": 8}


def base_url(state: State) -> str:
    """Where the services answer: the port was fixed when the first certificate was made."""
    return f"http://127.0.0.1:{state.port}"


def tsa_url(state: State, name: str = "tsa") -> str:
    """Address of an RFC 3161 time-stamp authority."""
    return f"{base_url(state)}/{ARCHITECTURE}/tsa/{name}"


def ocsp_url(state: State) -> str:
    """Address of the OCSP responder (RFC 6960) for people and agencies."""
    return f"{base_url(state)}/{ARCHITECTURE}/ocsp/localities"


def build(data: Path, state: State) -> PKIArchitecture:
    """The PKI of a data folder; certificates are issued on demand and always the same."""
    keys: dict[str, Any] = {name: {"path": f"{name}.pem"} for name in AUTHORITIES}
    for person in state.subjects:
        keys[person.label] = {"path": f"people/{person.label}.pem", "public-only": True}
    config = {
        "external-url-prefix": base_url(state),
        "keysets": {ARCHITECTURE: {"keys": keys}},
        "pki-architectures": {
            ARCHITECTURE: {
                "keyset": ARCHITECTURE,
                "entity-defaults": {"country-name": "VN"},
                "entities": _entities(state),
                "certs": _certificates(state),
                "services": _services(),
            }
        },
    }
    parsed = CertomancerConfig(config, key_search_dir=str(data / "ca"), lazy_load_keys=True)
    return parsed.get_pki_arch(ArchLabel(ARCHITECTURE))


def _entities(state: State) -> dict[str, dict[str, str]]:
    authorities = {
        name: {"common-name": text, "organization-name": GOVERNMENT}
        for name, text in ENTITIES.items()
    }
    people = {
        person.label: {
            "common-name": person.common_name,
            "organization-name": person.organization,
        }
        for person in state.subjects
    }
    return {**authorities, **people}


def _certificates(state: State) -> dict[str, dict[str, Any]]:
    start = datetime.fromisoformat(state.created_at)
    tsa_usage = [
        {"id": "key_usage", "critical": True, "smart-value": _usages(["digital_signature"])},
        {"id": "extended_key_usage", "critical": True, "value": ["time_stamping"]},
    ]
    responder = {"validity": _years(start, SUB_YEARS), "profiles": ["ocsp-responder"]}
    certificates: dict[str, dict[str, Any]] = {
        "root": {"issuer": "root", "validity": _years(start, ROOT_YEARS), **_ca("root")},
        "localities": {
            "issuer": "root",
            "validity": _years(start, SUB_YEARS),
            **_ca("localities", 0),
        },
        "ocsp-root": {"issuer": "root", **responder},
        "ocsp-localities": {"issuer": "localities", **responder},
    }
    certificates.update(
        {
            name: {
                "issuer": "localities",
                "validity": _years(start, years),
                "extensions": tsa_usage,
            }
            for name, years in TSA_YEARS.items()
        }
    )
    certificates.update({person.label: _end_entity(person, start) for person in state.subjects})
    for label, certificate in certificates.items():
        certificate["serial"] = _serial(label)
    return certificates


def _ca(name: str, path_length: int | None = None) -> dict[str, Any]:
    params: dict[str, Any] = {"ocsp-service": name}
    if path_length is not None:
        params["max-path-len"] = path_length
    return {"profiles": [{"id": "simple-ca", "params": params}]}


def _end_entity(person: Subject, start: datetime) -> dict[str, Any]:
    validity = _years(start, PERSON_YEARS)
    certificate: dict[str, Any] = {
        "issuer": "localities",
        "validity": {
            "valid-from": person.valid_from or validity["valid-from"],
            "valid-to": person.valid_to or validity["valid-to"],
        },
        "extensions": [
            {"id": "key_usage", "critical": True, "smart-value": _usages([*person.key_usages])}
        ],
    }
    if person.revoked_at:
        certificate["revocation"] = {
            "revoked-since": person.revoked_at,
            "reason": "key_compromise",
        }
    return certificate


def _usages(names: list[str]) -> dict[str, Any]:
    return {"schema": "key-usage", "params": names}


def _services() -> dict[str, Any]:
    return {
        "ocsp": {
            name: {"for-issuer": name, "responder-cert": f"ocsp-{name}"}
            for name in ("root", "localities")
        },
        "time-stamping": {name: {"signing-cert": name} for name in TSAS},
    }


def _years(start: datetime, years: int) -> dict[str, str]:
    return {
        "valid-from": start.isoformat(),
        "valid-to": (start + timedelta(days=365 * years)).isoformat(),
    }


def _serial(label: str) -> int:
    """A serial number that depends on the subject alone, never on the order of issue."""
    return int.from_bytes(hashlib.sha256(label.encode()).digest()[:15], "big")
