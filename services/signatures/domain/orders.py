"""A signing order ends once: with its signatures or its refusal."""

from dataclasses import dataclass, replace

from services.signatures.commands import FinishSigning, RefuseSigning
from services.signatures.events import SignatureMade, SigningFinished, SigningRefused

Command = FinishSigning | RefuseSigning
Event = SignatureMade | SigningFinished | SigningRefused


@dataclass(frozen=True)
class Order:
    """One stream's state."""

    ended: bool = False


NEW = Order()


def decide(order: Order, command: Command) -> list[Event]:
    """What happened; nothing once the order has ended, for a job may run twice."""
    if order.ended:
        return []
    match command:
        case FinishSigning(signatures=signatures):
            last = signatures[-1]
            finished = SigningFinished(last.signing_id, last.document_id, last.agency_id, last.file)
            return [*signatures, finished]
        case RefuseSigning():
            return [SigningRefused(**vars(command))]


def evolve(order: Order, event: Event) -> Order:
    """Apply a fact."""
    if isinstance(event, SignatureMade):
        return order
    return replace(order, ended=True)
