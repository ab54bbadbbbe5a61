"""Running a service process: start, wait, and end cleanly on SIGTERM or SIGINT."""

import signal
from typing import Any

import eventlet
from nameko.runners import ServiceRunner

from libs.observability import get_logger, set_up_logging, set_up_tracing
from libs.web.nameko_http import SETTINGS
from libs.web.settings import ServerSettings

logger = get_logger("libs.web.serve")


def run(service_class: Any, settings: ServerSettings) -> None:
    """Serve `service_class` until a signal, then let it finish what is under way.

    The process must have imported `libs.web.patch` first. Raises what the start raises, and what
    ends a running service.
    """
    if not eventlet.patcher.is_monkey_patched("socket"):
        raise RuntimeError("import libs.web.patch before everything else in this process")
    set_up_logging(service_class.name)
    set_up_tracing(service_class.name)
    runner = ServiceRunner({"AMQP_URI": settings.amqp_url, SETTINGS: settings})
    runner.add_service(service_class)

    def end(number: int, _frame: object) -> None:
        logger.info("stopping", signal=signal.Signals(number).name)
        # A signal handler runs in the hub, which must not wait.
        eventlet.spawn_n(runner.stop)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    runner.start()
    logger.info("started")
    runner.wait()
    logger.info("stopped")
