"""What the signatures service refuses over HTTP."""

from collections.abc import Mapping
from typing import Any


class SignaturesError(Exception):
    """Base of all refusals of this service."""

    code = "signatures_refused"
    status = 422
    vi = "Dịch vụ chữ ký số từ chối yêu cầu."
    en = "The signatures service refuses the request."

    def data(self) -> Mapping[str, Any]:
        """What a program needs to act on the refusal."""
        return {}


class EvidencePending(SignaturesError):
    """The file has no evidence yet; it comes by itself."""

    code = "evidence_pending"
    status = 409
    vi = "Tệp chưa có bằng chứng lưu trữ lâu dài; hệ thống sẽ tự bổ sung."
    en = "The file has no long-term evidence yet; it will get it by itself."
