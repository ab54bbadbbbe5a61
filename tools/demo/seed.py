"""Entering agencies and people, by the public API, as an operator would."""

from pathlib import Path

from tools.demo.cast import DEMO, VALID_FROM, Cast
from tools.demo.client import Client


def seed(operator: Client, certificates: Path, cast: Cast = DEMO) -> None:
    """Enter agencies, people, positions and certificates; what stands already stays as it is."""
    for one in cast.agencies:
        operator.post(
            "/v1/agencies",
            {
                "agency_id": str(one.agency_id),
                "parent_id": str(cast.agency(one.parent).agency_id) if one.parent else None,
                "tier": one.tier,
                "name": one.name,
                "place": one.place,
                "channel": one.channel,
                "codes": [_code(code) for code in one.codes],
                "short_sign": one.short_sign,
            },
            step=one.key,
        )
        _certificate(operator, certificates, str(one.agency_id), "seal")
        if one.channel == "inside":
            _certificate(operator, certificates, str(one.agency_id), "service")
    for person in cast.people:
        operator.post(
            "/v1/people",
            {"person_id": str(person.person_id), "full_name": person.full_name},
            step=person.key,
        )
        operator.post(
            "/v1/positions",
            {
                "position_id": str(person.position_id),
                "person_id": str(person.person_id),
                "agency_id": str(cast.agency(person.agency).agency_id),
                "unit": person.unit,
                "title": person.title,
                "authority": person.authority,
                "roles": person.roles,
                "valid_from": VALID_FROM.isoformat(),
            },
            step=person.key,
        )
        if person.role == "lanhdao":
            _certificate(operator, certificates, str(person.person_id), "leader")


def _code(code: str) -> dict[str, str]:
    scheme = "qcvn102" if code.startswith("000.") else "qd20"
    return {"code": code, "scheme": scheme, "valid_from": VALID_FROM.isoformat()}


def _certificate(operator: Client, folder: Path, owner: str, kind: str) -> None:
    name = f"{owner}-service" if kind == "service" else owner
    pem = (folder / f"{name}.pem").read_text(encoding="ascii")
    operator.post("/v1/certificates", {"owner_id": owner, "kind": kind, "pem": pem}, step=name)
