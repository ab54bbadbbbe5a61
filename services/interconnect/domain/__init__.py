"""The rules of interconnect, one module for each aggregate: pure functions over frozen state."""

from services.interconnect.domain.delivery import Delivery, Event, decide, evolve
from services.interconnect.domain.names import (
    AXIS,
    INSIDE,
    axis_packet_id,
    delivery_id,
    dispatch_of,
    early_packet_id,
    inside_packet_id,
    withheld_packet_id,
)
from services.interconnect.domain.statuses import LABELS, Shown, permitted, shown

__all__ = [
    "AXIS",
    "INSIDE",
    "LABELS",
    "Delivery",
    "Event",
    "Shown",
    "axis_packet_id",
    "decide",
    "delivery_id",
    "dispatch_of",
    "early_packet_id",
    "evolve",
    "inside_packet_id",
    "permitted",
    "shown",
    "withheld_packet_id",
]
