"""The one refusal of this library."""

from collections.abc import Callable

_LONGEST_PLACE = 200


class MalformedPacket(Exception):
    """Something is not a good packet.

    `code` says what: xml_invalid, doctype_forbidden, not_edxml, too_deep, too_many_elements,
    too_many_attachments, text_too_long, token_too_long, header_too_large, attachment_too_large,
    packet_too_large, bad_base64, bad_date, bad_timestamp, forbidden_character, missing_element,
    duplicate_element, unexpected_element, unexpected_text, duplicate_recipient,
    duplicate_reference, duplicate_attachment, attachment_missing, attachment_unlisted,
    size_mismatch. `where` is the path of the element, or line and column. Neither repeats content.
    """

    def __init__(self, code: str, where: str) -> None:
        self.code = code
        self.where = where[-_LONGEST_PLACE:]
        super().__init__(f"{code} at {self.where}")


Refuse = Callable[[MalformedPacket], None]
"""What is done about something wrong. If it returns, reading goes on without what was wrong."""


def at_once(error: MalformedPacket) -> None:
    """Refuse the packet."""
    raise error
