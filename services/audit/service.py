"""The audit service's process."""

import libs.web.patch  # noqa: F401

# isort: split
import os

from libs.config import load
from libs.db import database_of
from libs.messaging.consumer import EventConsumer
from libs.service import checks_of
from libs.web.nameko_http import HttpServer, OpsServer
from libs.web.serve import run
from services.audit.api import build_api
from services.audit.metrics import watch_documents
from services.audit.projections import PROJECTIONS
from services.audit.settings import Settings


class AuditService:
    """Wiring only."""

    name = "audit"
    http = HttpServer(build_api)
    ops = OpsServer(checks_of("audit"))
    projections = EventConsumer("audit.projections", PROJECTIONS)


if __name__ == "__main__":
    settings = load(Settings, os.environ)
    watch_documents(database_of(settings.database_url, "audit"))
    run(AuditService, settings)
