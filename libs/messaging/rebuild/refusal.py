"""Why a rebuild does not begin, or does not end."""


class RebuildRefused(Exception):
    """The serving tables are as they were; `code` is for programs, the text for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
