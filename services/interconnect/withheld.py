"""Packets that the axis lists and refuses to give out: on the desk until they come.

Such a refusal may be ours to mend (an account, a clock), so nothing is told to the axis, and the
packet is asked for again; unless two people refused it, who say that nobody will have it.
"""

from uuid import uuid5

from libs.db import Database
from libs.eventstore import Context
from libs.messaging.desk_events import ParkedPacketRefused
from services.interconnect.axis import Received
from services.interconnect.domain import withheld_packet_id
from services.interconnect.events import PacketRecovered, PacketUnreadable
from services.interconnect.intake import NOBODY, Intake
from services.interconnect.journal import JOURNAL, SYSTEM, desk_stream, packet_stream


def show(database: Database, intake: Intake, received: Received, reason_code: str) -> bool:
    """Put the packet on the desk, once. Whether two people have refused it there since."""
    packet_id = withheld_packet_id(received.doc_id)
    intake.to_desk(
        PacketUnreadable(
            packet_id=packet_id,
            axis_doc_id=received.doc_id,
            reason_code=reason_code,
            message_type=received.message_type,
            sender_code=received.from_,
            recipient_codes=received.to,
        )
    )
    with database.unit() as unit:
        decided = unit.store.read_last(desk_stream(packet_id))
    return decided is not None and decided.type == ParkedPacketRefused.__name__


def take_off(database: Database, received: Received) -> None:
    """Record that the packet has come, if it stood on the desk."""
    packet_id = withheld_packet_id(received.doc_id)
    stream = packet_stream(packet_id)
    with database.unit() as unit:
        last = unit.store.read_last(stream)
        if last is None or last.type != PacketUnreadable.__name__:
            return
        event = PacketRecovered(packet_id=packet_id, axis_doc_id=received.doc_id)
        context = Context(agency=NOBODY, handler=SYSTEM, occurred_at=unit.now, trace=packet_id)
        seed = uuid5(packet_id, "came")
        JOURNAL.append(unit.store, stream, last.version, [event], context, seed)
