"""The directory's process."""

import libs.web.patch  # noqa: F401

# isort: split
import os

from libs.config import load
from libs.db import database_of
from libs.messaging.consumer import EventConsumer
from libs.service import checks_of
from libs.web.nameko_http import HttpServer, OpsServer
from libs.web.serve import run
from services.directory.api import build_api
from services.directory.metrics import watch_certificates
from services.directory.projections import PROJECTIONS
from services.directory.settings import Settings


class DirectoryService:
    """Wiring only."""

    name = "directory"
    http = HttpServer(build_api)
    ops = OpsServer(checks_of("directory"))
    projections = EventConsumer("directory.projections", PROJECTIONS)


if __name__ == "__main__":
    settings = load(Settings, os.environ)
    watch_certificates(database_of(settings.database_url, "directory"))
    run(DirectoryService, settings)
