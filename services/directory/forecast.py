"""Which certificates stop working when, and what stops with them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

_LONGEST_CHAIN = 8
# What people notice on the day after, by the kind of certificate.
STOPS: Mapping[str, tuple[str, str]] = {
    "leader": ("Không ký được văn bản bằng chứng thư này.", "Nothing is signed by this leader."),
    "seal": (
        "Cơ quan không cấp số, đóng dấu và phát hành văn bản được.",
        "The agency cannot number, seal or issue documents.",
    ),
    "service": (
        "Gói tin của cơ quan không được ký kèm.",
        "The agency's packets go out without their signed envelope.",
    ),
    "ca": (
        "Mọi chứng thư do tổ chức này cấp không còn hợp lệ.",
        "Every certificate below this authority fails.",
    ),
    "ocsp": (
        "Không xác định được tình trạng thu hồi: kết luận để ngỏ.",
        "Revocation is not known: verdicts stay open.",
    ),
    "tsa": (
        "Chữ ký mới không có dấu thời gian; chữ ký cũ cần bằng chứng lưu trữ.",
        "New signatures have no time stamp; old ones need their evidence before.",
    ),
}


@dataclass(frozen=True)
class Held:
    """A certificate that has not ended."""

    certificate_id: UUID
    owner_id: UUID
    kind: str
    valid_to: date
    issuer_key: str = ""
    subject_key: str = ""
    authority: str = ""


@dataclass(frozen=True)
class Expiry:
    """The last day of the last certificate that somebody has for a purpose.

    `because` names the authority above it whose own certificate ends first, else it is empty;
    `below` counts the certificates that end with this authority's.
    """

    held: Held
    stops_on: date
    because: str = ""
    below: int = 0


def expiries(certificates: Sequence[Held]) -> list[Expiry]:
    """One for each owner and purpose, the nearest first: an older certificate is not missed."""
    above = _newest(certificates)
    last: dict[tuple[UUID, str], Expiry] = {}
    for held in certificates:
        end = _end(held, above)
        known = last.get((held.owner_id, held.kind))
        if known is None or known.stops_on < end.stops_on:
            last[held.owner_id, held.kind] = end
    ending = [_with_below(one, last.values(), above) for one in last.values()]
    return sorted(ending, key=lambda one: (one.stops_on, one.held.kind, one.held.owner_id))


def nearest(certificates: Sequence[Held], today: date) -> dict[str, int]:
    """Days to the nearest expiry of each kind; below zero for what has expired already."""
    days: dict[str, int] = {}
    for one in expiries(certificates):
        days.setdefault(one.held.kind, (one.stops_on - today).days)
    return days


def _newest(certificates: Iterable[Held]) -> dict[str, Held]:
    """The authorities by key; of one key the certificate that lasts longest."""
    found: dict[str, Held] = {}
    for held in certificates:
        known = found.get(held.subject_key)
        if held.kind == "ca" and (known is None or known.valid_to < held.valid_to):
            found[held.subject_key] = held
    return found


def _chain(held: Held, above: Mapping[str, Held]) -> list[Held]:
    """The authorities above a certificate, as far as they are known."""
    chain: list[Held] = []
    while held.issuer_key in above and len(chain) < _LONGEST_CHAIN:
        issuer = above[held.issuer_key]
        if issuer in (held, *chain):
            break
        chain.append(issuer)
        held = issuer
    return chain


def _end(held: Held, above: Mapping[str, Held]) -> Expiry:
    first = min([held, *_chain(held, above)], key=lambda one: one.valid_to)
    return Expiry(held, first.valid_to, "" if first is held else first.authority)


def _with_below(one: Expiry, all_last: Iterable[Expiry], above: Mapping[str, Held]) -> Expiry:
    if one.held.kind != "ca":
        return one
    below = sum(
        one.held in _chain(other.held, above) and other.held.valid_to > one.held.valid_to
        for other in all_last
    )
    return Expiry(one.held, one.stops_on, one.because, below)
