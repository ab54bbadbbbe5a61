"""The signatures service's process: requests become jobs, results become read models."""

import libs.web.patch  # noqa: F401

# isort: split
import os

from libs.config import load
from libs.messaging.consumer import EventConsumer
from libs.service import checks_of
from libs.web.nameko_http import HttpServer, OpsServer
from libs.web.serve import run
from services.signatures.api import build_api
from services.signatures.policies import POLICIES
from services.signatures.projections import PROJECTIONS
from services.signatures.settings import Settings


class SignaturesService:
    """Wiring only."""

    name = "signatures"
    http = HttpServer(build_api)
    ops = OpsServer(checks_of("signatures"))
    projections = EventConsumer("signatures.projections", PROJECTIONS)
    policies = EventConsumer("signatures.policies", POLICIES)


if __name__ == "__main__":
    run(SignaturesService, load(Settings, os.environ))
