"""How much of a packet is read before it is refused."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a packet may have at most; one more is refused. Sizes are in bytes or characters.

    The defaults admit one file of 64 MiB, or several of 95 MiB together (Ninh Binh's regulation
    161/2025 allows 50 MB a file; base64 adds a third), addressed to some 5,000 agencies.
    """

    packet_bytes: int = 128 * 1024 * 1024
    attachment_bytes: int = 64 * 1024 * 1024
    attachments: int = 100
    depth: int = 32
    elements: int = 50_000
    text_chars: int = 64 * 1024
    """Of one element, attachments' content aside."""
    header_chars: int = 8 * 1024 * 1024
    """Of all texts, names and attributes together, attachments' content aside."""
    token_bytes: int = 256 * 1024
    """Of one tag or comment, which the parser must hold whole; 64 KiB more may pass."""
