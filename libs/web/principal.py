"""Who calls: a person in a position of an agency, or a machine."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

_IDENTIFIER = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_MOST_ROLES = 50


@dataclass(frozen=True)
class Principal:
    """The caller as the token names it; identifiers only, never a person's name.

    `agency` is the acting agency; `behalf` the one on whose behalf the person acts (thừa lệnh,
    ký thay). A person with positions in two agencies has a token for each.
    """

    subject: str
    agency: str
    roles: frozenset[str]
    position: str | None
    behalf: str | None
    kind: Literal["person", "machine"]

    @property
    def handler(self) -> str:
        """`person:<id>/<position id>` or `machine:<client id>`: who did it, for the record."""
        where = f"/{self.position}" if self.position else ""
        return f"{self.kind}:{self.subject}{where}"


ANONYMOUS = Principal("anonymous", "", frozenset(), None, None, "machine")
"""The caller of a route that is open to all: it has no agency and no role."""


def of_claims(claims: Mapping[str, Any]) -> Principal:
    """The principal that verified claims describe; `ValueError` names the claim that is unfit."""
    kind = claims.get("kind", "person")
    if kind not in ("person", "machine"):
        raise ValueError("kind")
    roles = claims.get("roles")
    if not isinstance(roles, list) or len(roles) > _MOST_ROLES:
        raise ValueError("roles")
    return Principal(
        subject=_identifier("sub", claims.get("sub")),
        agency=_identifier("agency", claims.get("agency")),
        roles=frozenset(_identifier("roles", role) for role in roles),
        position=_optional("position", claims),
        behalf=_optional("on_behalf_of", claims),
        kind=kind,
    )


def _identifier(claim: str, value: object) -> str:
    if not isinstance(value, str) or not _IDENTIFIER.fullmatch(value):
        raise ValueError(claim)
    return value


def _optional(claim: str, claims: Mapping[str, Any]) -> str | None:
    value = claims.get(claim)
    return None if value is None else _identifier(claim, value)
