"""The interconnect service's process."""

import libs.web.patch  # noqa: F401

# isort: split
import os

from libs.config import load
from libs.db import database_of
from libs.messaging.consumer import EventConsumer
from libs.service import checks_of
from libs.web.nameko_http import HttpServer, OpsServer
from libs.web.serve import run
from services.interconnect.api import build_api
from services.interconnect.balance_watch import watch_balance
from services.interconnect.policies import POLICIES
from services.interconnect.projections import PROJECTIONS
from services.interconnect.settings import Settings


class InterconnectService:
    """Wiring only."""

    name = "interconnect"
    http = HttpServer(build_api)
    ops = OpsServer(checks_of("interconnect"))
    projections = EventConsumer("interconnect.projections", PROJECTIONS)
    policies = EventConsumer("interconnect.policies", POLICIES)


if __name__ == "__main__":
    settings = load(Settings, os.environ)
    watch_balance(database_of(settings.database_url, "interconnect"))
    run(InterconnectService, settings)
