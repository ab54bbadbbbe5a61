"""What became of a packet's envelope (phong bì ký số) when its receiver opened it."""

GOOD = "good"

VERDICTS: dict[str, tuple[str, str]] = {
    GOOD: ("Phong bì ký số hợp lệ", "the envelope is good"),
    "envelope_refused": ("Phong bì ký số không dùng được", "the envelope is of no use"),
    "envelope_too_large": ("Phong bì ký số quá lớn", "the envelope is too large"),
    "envelope_malformed": ("Phong bì ký số sai định dạng", "the envelope is malformed"),
    "envelope_version_unknown": (
        "Phong bì ký số thuộc phiên bản mới hơn",
        "the envelope is of a newer version",
    ),
    "envelope_algorithm_refused": (
        "Phong bì dùng khóa hoặc thuật toán không được chấp nhận",
        "the envelope's key or algorithm is not accepted",
    ),
    "envelope_signature_wrong": (
        "Chữ ký trên phong bì sai: phong bì đã bị sửa",
        "the envelope's signature is wrong: it was altered",
    ),
    "envelope_signer_unknown": (
        "Chứng thư trên phong bì chưa được đăng ký cho bên gửi",
        "the envelope's certificate is not registered for the sender",
    ),
    "envelope_certificate_not_valid": (
        "Chứng thư trên phong bì không còn hiệu lực khi ký",
        "the envelope's certificate was not valid when it was sealed",
    ),
    "envelope_recipient_wrong": (
        "Phong bì được gửi cho cơ quan khác",
        "the envelope is for another agency",
    ),
    "envelope_packet_differs": (
        "Gói tin khác với nội dung phong bì",
        "the packet is not the one that the envelope speaks of",
    ),
}
"""By the code that events keep, in Vietnamese and English."""

# With these a signature was checked that only software which knows envelopes makes.
_KNOWN_BY = frozenset(
    {
        GOOD,
        "envelope_signer_unknown",
        "envelope_certificate_not_valid",
        "envelope_version_unknown",
        "envelope_packet_differs",
    }
)


# What a packet that was damaged on its way may look like.
_DAMAGE = frozenset({"envelope_malformed", "envelope_signature_wrong", "envelope_packet_differs"})


def may_be_damage(verdict: str | None) -> bool:
    """Whether the packet may be a good one that was damaged on its way."""
    return verdict in _DAMAGE


def shows_that_sender_knows(verdict: str) -> bool:
    """Whether who sent this envelope will know ours: its signature was whole, believed or not."""
    return verdict in _KNOWN_BY
