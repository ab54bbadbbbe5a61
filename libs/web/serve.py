"""Running a service process: start, wait, and end cleanly on SIGTERM or SIGINT."""

import signal
import socket
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

    eventlet.spawn(_stop_on_signal, runner)
    runner.start()
    logger.info("started")
    runner.wait()
    logger.info("stopped")


def _stop_on_signal(runner: ServiceRunner) -> None:
    # The hub may sleep in epoll for a minute, and a handler alone does not wake it (PEP 475
    # resumes the wait): the byte that the interpreter writes here for each signal does.
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.fileno())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    number = signal.Signals(reader.recv(1)[0])
    logger.info("stopping", signal=number.name)
    runner.stop()
