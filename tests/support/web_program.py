"""The notes service as a nameko process: `python -m tests.support.web_program`."""

import libs.web.patch  # noqa: F401

# isort: split
import os

from libs.config import load
from libs.web.nameko_http import HttpServer, OpsServer
from libs.web.protocol import Protocol
from libs.web.serve import run
from libs.web.settings import ServerSettings
from libs.web.tokens import TokenVerifier
from tests.support.web_kit import build_api


class NotesService:
    """HTTP and health, no broker."""

    name = "notes"

    http = HttpServer(lambda settings: build_api(TokenVerifier(settings.oidc_issuer))[0])
    ops = OpsServer(lambda _settings: {"always": lambda: True})


if __name__ == "__main__":
    Protocol.header_seconds = 1.0
    run(NotesService, load(ServerSettings, os.environ))
