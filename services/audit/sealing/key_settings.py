"""Which keys the sealer, and whoever makes keys for it, is given."""

from dataclasses import dataclass
from pathlib import Path

from libs.config import SettingsError
from libs.pkcs11.place import TokenPlace
from services.audit.sealing.keys import KeyFiles
from services.audit.sealing.token_keys import TokenKeys


@dataclass(frozen=True, kw_only=True)
class KeySettings:
    """Keys are in the folder `log_keys`; with a module or a label in a token, and in it alone."""

    log_origin: str
    log_keys: Path | None = None
    log_token_module: Path | None = None
    log_token_label: str | None = None
    log_token_pin_file: Path | None = None

    def __post_init__(self) -> None:
        """Raises `SettingsError`."""
        if not self.in_token:
            if self.log_keys is None:
                raise SettingsError(["LOG_KEYS is missing, or LOG_TOKEN_MODULE"])
        elif missing := [
            f"{name.upper()} is missing"
            for name in ("log_token_module", "log_token_label", "log_token_pin_file")
            if getattr(self, name) is None
        ]:
            raise SettingsError(missing)

    @property
    def in_token(self) -> bool:
        """Whether the keys are in a token."""
        return bool(self.log_token_module or self.log_token_label)

    def keys(self) -> KeyFiles | TokenKeys:
        """The keys; to be asked once in a process, for a token is opened once."""
        module, label, pin = self.log_token_module, self.log_token_label, self.log_token_pin_file
        if module and label and pin:
            return TokenKeys(TokenPlace(module, label, pin), self.log_origin)
        assert self.log_keys
        return KeyFiles(self.log_keys, self.log_origin)
