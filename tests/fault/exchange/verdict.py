"""What must hold when all is well again, and each difference in words."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.fault.exchange.beyond import Step
from tests.fault.exchange.facts import Facts, Pair, second

# In a receiver's own hands one brings the next about; 15 and 16 may come between any of them.
# What must have come to nothing in the product's balance when all is done.
SETTLED = (
    *("sent_open", "sent_parked", "sent_difference"),
    *("received_waiting", "received_desk", "received_difference"),
)
_CHAIN = ("01", "03", "04", "05", "06")


@dataclass(frozen=True)
class Balance:
    """Deliveries accepted for sending, and where each of them is."""

    accepted: int
    delivered: int
    open: int
    refused: int
    withdrawn: int

    @property
    def difference(self) -> int:
        """What is nowhere, or in two places."""
        return self.accepted - self.delivered - self.open - self.refused - self.withdrawn


def balance(facts: Facts) -> Balance:
    """Both ways: what our agencies issued to each recipient, and the letters that the axis took.

    Delivered is what the receiver has: an arrival inside, a letter in strangers' hands.
    """
    pairs = [
        (document, recipient)
        for document, (_, recipients) in facts.issued.items()
        for recipient in recipients
    ]
    came_in = Counter(facts.axis_packets.values())
    return Balance(
        accepted=len(pairs) + len(facts.letters),
        delivered=sum(_copies(facts, pair) for pair in pairs)
        + sum(came_in[doc_id] for doc_id in facts.letters),
        open=sum(pair not in facts.sent | facts.refused | facts.withdrawn for pair in facts.opened),
        refused=len(facts.refused),
        withdrawn=len(facts.withdrawn),
    )


def differences(facts: Facts) -> list[str]:
    """Everything that does not hold, in words; empty when all does."""
    found = balance(facts)
    return [
        *([f"the balance differs: {found}"] if found.difference or found.open else []),
        *(f"acknowledged and gone: {each}" for each in facts.acknowledged - set(facts.issued)),
        *(f"not to be read: {each}" for each in facts.unread),
        *_twice(facts),
        *_numbers(facts),
        *_pairs(facts),
        *_product(facts, found),
        *_inside(facts),
        *_beyond(facts),
        *_views(facts),
    ]


def _copies(facts: Facts, pair: Pair) -> int:
    """How often the recipient has the document."""
    document, recipient = pair
    foreign_id = facts.foreign_ids.get(document, "")
    if code := facts.codes.get(recipient):
        return len(facts.beyond.letters.get((foreign_id, code), ()))
    return len(facts.arrivals.get((foreign_id, recipient), ()))


def _twice(facts: Facts) -> Iterator[str]:
    for (foreign_id, recipient), packets in facts.arrivals.items():
        if len(packets) > 1:
            yield f"{foreign_id} came to {recipient} {len(packets)} times"
        for packet in packets:
            if len(made := facts.documents.get(packet, [])) != 1:
                yield f"{foreign_id} was made {len(made)} documents at {recipient}"
    for (foreign_id, code), doc_ids in facts.beyond.letters.items():
        if len(doc_ids) > 1:
            yield f"{foreign_id} came to {code} beyond {len(doc_ids)} times"
    yield from (f"told twice beyond: {each}" for each in facts.beyond.repeated)
    for packet, steps in facts.steps.items():
        for step, times in Counter(code for code, _ in steps).items():
            if times > 1:
                yield f"packet {packet} was taken through {step} {times} times"


def _numbers(facts: Facts) -> Iterator[str]:
    """Registers: from 1 without a gap, one number for each document."""
    for register, taken in facts.numbers.items():
        if [number for number, _ in taken] != list(range(1, len(taken) + 1)):
            yield f"{register} has the numbers {sorted(number for number, _ in taken)}"
        for document, times in Counter(document for _, document in taken).items():
            if times > 1:
                yield f"{document} has {times} numbers of {register}"


def _pairs(facts: Facts) -> Iterator[str]:
    """Packets from one agency to another: numbered without a gap, and inside all of them came."""
    for pair, given in facts.given.items():
        if given != list(range(1, len(given) + 1)):
            yield f"{pair} were given the numbers {given}"
        beyond = set(pair) & set(facts.codes)
        if not beyond and (missing := set(given) - facts.came[pair]):
            yield f"of {pair} the numbers {sorted(missing)} never came"
    if facts.missing:
        yield f"the product misses {facts.missing} numbers"


def _product(facts: Facts, found: Balance) -> Iterator[str]:
    """The product's own balance says the same as ours."""
    told = facts.told_balance
    sent = {
        "sent_accepted": found.accepted - len(facts.letters),
        "sent_refused": found.refused,
        "sent_withdrawn": found.withdrawn,
        "received_arrived": sum(map(len, facts.arrivals.values())),
    }
    nothing = dict.fromkeys(SETTLED, 0)
    for name, number in {**sent, **nothing}.items():
        if told.get(name) != number:
            yield f"the product's balance has {name} {told.get(name)}, not {number}"


def _inside(facts: Facts) -> Iterator[str]:
    """Every step of a receiver here is told in order, and heard by a sender here."""
    for (document, recipient), channel in facts.opened.items():
        if channel != "inside":
            continue
        key = (facts.foreign_ids.get(document, ""), recipient)
        for packet in facts.arrivals.get(key, ()):
            steps = facts.steps.get(packet, [])
            heard = facts.heard.get((document, recipient), [])
            yield from _told(packet, steps, facts.told.get(packet, []))
            yield from _same(f"{document} at {recipient}", steps, heard)
            yield from _end(facts, (document, recipient), facts.ended.get(packet, ""))


def _beyond(facts: Facts) -> Iterator[str]:
    """Strangers hear every step on their letters, and we every step on ours."""
    for packet, doc_id in facts.axis_packets.items():
        foreign_id = facts.letters.get(doc_id, "")
        steps = facts.steps.get(packet, [])
        yield from _told(packet, steps, facts.told.get(packet, []))
        heard = list(facts.beyond.statuses[foreign_id])
        yield from _same(f"{foreign_id} beyond", list(map(second, steps)), heard)
    for (document, recipient), channel in facts.opened.items():
        if channel == "axis":
            key = (facts.foreign_ids.get(document, ""), facts.codes[recipient])
            told = facts.beyond.told.get(key, [])
            heard = list(map(second, facts.heard.get((document, recipient), [])))
            yield from _same(f"{document} at {key[1]} beyond", told, heard)
            if (document, recipient) not in facts.withdrawn:
                yield from _end(facts, (document, recipient), facts.beyond.ended.get(key, ""))


def _end(facts: Facts, pair: Pair, ended: str) -> Iterator[str]:
    """Recalled, updated or replaced at the receiver is what the sender sees, and nothing else."""
    if (shown := facts.outcomes.get(pair, "")) != ended:
        yield f"{pair} ended as {ended or 'in force'}, its sender sees {shown or 'in force'}"


def _told(packet: str, steps: Sequence[Step], told: Sequence[str]) -> Iterator[str]:
    done = [code for code, _ in steps]
    if Counter(done) != Counter(told):
        yield f"of {packet} the steps {done} were told as {list(told)}"
    in_order = [code for code in told if code in _CHAIN]
    if in_order != sorted(in_order):
        yield f"of {packet} the steps were told in the order {list(told)}"


def _same(what: str, steps: Sequence[Step], heard: Sequence[Step]) -> Iterator[str]:
    """The two timelines, each in the order of its seconds: equal, and nothing in them twice."""
    if _timeline(steps) != _timeline(heard):
        yield f"{what}: done {_timeline(steps)}, heard {_timeline(heard)}"


def _timeline(steps: Sequence[Step]) -> list[Step]:
    return sorted(steps, key=lambda step: (step[1], step[0]))


def _views(facts: Facts) -> Iterator[str]:
    for pair in facts.heard.keys() | facts.shown.keys():
        if facts.heard.get(pair, []) != facts.shown.get(pair, []):
            yield f"{pair}: recorded {facts.heard.get(pair)}, shown {facts.shown.get(pair)}"
    yield from (f"the auditor has no line of {each}" for each in facts.unseen)
