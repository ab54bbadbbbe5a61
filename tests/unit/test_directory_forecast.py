"""When what stops: chains count, replaced certificates do not."""

from datetime import date
from uuid import UUID

from services.directory.domain.lifecycle import AUTHORITIES, HOLDERS
from services.directory.forecast import STOPS, Expiry, Held, expiries, nearest

LEADER, SEAL, ROOT, LOCALITIES = (UUID(int=n) for n in range(1, 5))
EARLY, MIDDLE, LATE = date(2027, 1, 15), date(2028, 6, 1), date(2031, 1, 1)
TODAY = date(2027, 1, 10)


def held(number: int, owner: UUID, kind: str, last: date, issuer: str = "", own: str = "") -> Held:
    return Held(UUID(int=number), owner, kind, last, issuer, own, f"authority {own}" if own else "")


ROOT_CA = held(10, ROOT, "ca", LATE, "r", "r")
SUB_CA = held(11, LOCALITIES, "ca", MIDDLE, "r", "l")


def stops(*certificates: Held) -> dict[UUID, tuple[date, str]]:
    return {one.held.certificate_id: (one.stops_on, one.because) for one in expiries(certificates)}


def test_a_certificate_stops_on_its_last_day() -> None:
    leader = held(1, LEADER, "leader", EARLY, "l")
    assert stops(leader, SUB_CA, ROOT_CA)[leader.certificate_id] == (EARLY, "")


def test_it_stops_earlier_with_an_authority_above_it_which_is_named() -> None:
    leader = held(1, LEADER, "leader", LATE, "l")
    assert stops(leader, SUB_CA, ROOT_CA)[leader.certificate_id] == (MIDDLE, "authority l")


def test_only_the_last_certificate_for_a_purpose_counts() -> None:
    old, new = held(1, SEAL, "seal", EARLY), held(2, SEAL, "seal", MIDDLE)
    service = held(3, SEAL, "service", EARLY)
    assert set(stops(old, new, service)) == {new.certificate_id, service.certificate_id}


def test_an_authoritys_renewed_certificate_carries_what_is_below_it() -> None:
    leader, renewed = (
        held(1, LEADER, "leader", LATE, "l"),
        held(12, LOCALITIES, "ca", LATE, "r", "l"),
    )
    assert stops(leader, SUB_CA, renewed, ROOT_CA)[leader.certificate_id] == (LATE, "")


def test_an_authority_tells_how_many_outlive_it_in_vain() -> None:
    below = [held(1, LEADER, "leader", LATE, "l"), held(2, SEAL, "seal", EARLY, "l")]
    found = {one.held: one.below for one in expiries([*below, SUB_CA, ROOT_CA])}
    assert (found[SUB_CA], found[ROOT_CA], found[below[0]]) == (1, 0, 0)


def test_authorities_that_name_one_another_end_the_walk() -> None:
    one, other = held(1, ROOT, "ca", MIDDLE, "b", "a"), held(2, LOCALITIES, "ca", EARLY, "a", "b")
    assert [each.stops_on for each in expiries([one, other])] == [EARLY, EARLY]


def test_the_nearest_of_each_kind_is_told_in_days_also_when_it_is_past() -> None:
    expired = held(2, SEAL, "seal", date(2027, 1, 3))
    late = held(3, ROOT, "seal", LATE)
    leader = held(1, LEADER, "leader", EARLY)
    assert nearest([leader, expired, late], TODAY) == {"leader": 5, "seal": -7}


def test_nothing_held_is_nothing_to_forecast() -> None:
    assert expiries([]) == []
    assert nearest([], TODAY) == {}


def test_people_are_told_what_stops_with_every_kind_in_two_languages() -> None:
    assert set(STOPS) == {*HOLDERS, *AUTHORITIES}
    assert all(vi.endswith(".") and en.endswith(".") for vi, en in STOPS.values())
    assert Expiry(ROOT_CA, LATE).because == ""
