"""`lienthong log token`: the token with the log's keys, and whether the sealer may open it."""

from dataclasses import dataclass
from typing import Any

from services.audit.sealing.errors import TokenUnusable
from services.audit.sealing.token_keys import TokenKeys
from tools.log.keys import key_settings
from tools.platform.installation import InstallationError


@dataclass(frozen=True)
class TokenStatus:
    """The token's label, the keys that it shows, and why the sealer cannot open it, if so."""

    token: str
    keys: list[str]
    problem: str

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"token": self.token, "keys": self.keys, "problem": self.problem}

    def lines(self) -> list[str]:
        """For people."""
        if self.problem:
            return [self.problem]
        return [f"token {self.token!r} is ready", *(f"  {key}" for key in self.keys)]


def token(options: Any) -> TokenStatus:
    """Look at the token; with `--log-in` give it the PIN once. Raises `InstallationError`."""
    settings = key_settings(options.folder)
    keys = settings.keys()
    if not isinstance(keys, TokenKeys):
        raise InstallationError("the log's keys are in files: LOG_TOKEN_MODULE is not set")
    try:
        if options.log_in:
            keys.log_in()
        return TokenStatus(str(settings.log_token_label), keys.check(), "")
    except TokenUnusable as error:
        return TokenStatus(str(settings.log_token_label), [], str(error))
