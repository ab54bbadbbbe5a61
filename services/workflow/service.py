"""The workflow service's process."""

import libs.web.patch  # noqa: F401

# isort: split
import os

from libs.config import load
from libs.messaging.consumer import EventConsumer
from libs.service import checks_of
from libs.web.nameko_http import HttpServer, OpsServer
from libs.web.serve import run
from services.workflow.api import build_api
from services.workflow.policies import POLICIES
from services.workflow.projections import PROJECTIONS
from services.workflow.settings import Settings


class WorkflowService:
    """Wiring only."""

    name = "workflow"
    http = HttpServer(build_api)
    ops = OpsServer(checks_of("workflow"))
    projections = EventConsumer("workflow.projections", PROJECTIONS)
    policies = EventConsumer("workflow.policies", POLICIES)


if __name__ == "__main__":
    run(WorkflowService, load(Settings, os.environ))
