"""Clients of the axes over which agencies exchange documents (trục liên thông văn bản).

`AxisClient` is all that this service asks of an axis. Two drivers speak two interfaces: that of the
national axis, and that of a province's own (LGSP).
"""

from services.interconnect.axis.model import (
    AxisAgency,
    AxisClient,
    AxisRefused,
    AxisUnreachable,
    MessageType,
    Received,
    Sent,
    Sink,
)
from services.interconnect.axis.national import NationalAxis
from services.interconnect.axis.province import ProvinceAccount, ProvinceAxis
from services.interconnect.axis.rate import Throttle

__all__ = [
    "AxisAgency",
    "AxisClient",
    "AxisRefused",
    "AxisUnreachable",
    "MessageType",
    "NationalAxis",
    "ProvinceAccount",
    "ProvinceAxis",
    "Received",
    "Sent",
    "Sink",
    "Throttle",
]
