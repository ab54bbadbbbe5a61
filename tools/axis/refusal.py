"""What the axis says when it will not do something."""

BAD_REQUEST = "10"
BAD_CREDENTIALS = "15"
RECEIVER_UNKNOWN = "18"
SENDER_NOT_REGISTERED = "19"
SYSTEM_ERROR = "20"
CANNOT_PROCESS = "21"
NOT_CONFORMANT = "22"
RECEIVER_LOCKED = "23"


class Refusal(Exception):
    """A request that was understood and declined; repeating it unchanged changes nothing."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description
