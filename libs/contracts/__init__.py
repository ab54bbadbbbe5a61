"""The contract in `proto/`, as Python sees it."""

from libs.contracts.codec import UnreadablePayload, decode, encode, instant_text
from libs.contracts.messages import known, message
from libs.contracts.topology import Category, Consumer, Topology, topology
from libs.contracts.upcasters import UnknownEvent

__all__ = [
    "Category",
    "Consumer",
    "Topology",
    "UnknownEvent",
    "UnreadablePayload",
    "decode",
    "encode",
    "instant_text",
    "known",
    "message",
    "topology",
]
