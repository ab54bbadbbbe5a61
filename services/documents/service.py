"""The documents service's process."""

import libs.web.patch  # noqa: F401

# isort: split
import os

from libs.config import load
from libs.messaging.consumer import EventConsumer
from libs.service import checks_of
from libs.web.nameko_http import HttpServer, OpsServer
from libs.web.serve import run
from services.documents.api import build_api
from services.documents.policies import POLICIES
from services.documents.projections import PROJECTIONS
from services.documents.settings import Settings


class DocumentsService:
    """Wiring only."""

    name = "documents"
    http = HttpServer(build_api)
    ops = OpsServer(checks_of("documents"))
    projections = EventConsumer("documents.projections", PROJECTIONS)
    policies = EventConsumer("documents.policies", POLICIES)


if __name__ == "__main__":
    run(DocumentsService, load(Settings, os.environ))
