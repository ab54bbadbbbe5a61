"""No PIN and no private key in a log, an event, a message, a row, a file or a core dump."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pika
import psycopg2
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

from libs.db import engine_for
from libs.messaging.publisher import Publisher
from libs.messaging.relay import Relay
from services.signatures.token_desk import TokenDesk, places
from tests.support.fault_program import Program
from tests.support.pki import AGENCY, LEADER, OTHER_AGENCY, OTHER_LEADER, Pki, draft, running
from tests.support.servers import PostgresForTests, RabbitMQForTests
from tests.support.signatures_office import Office, front_of, leader_order, open_office
from tests.support.softhsm import needs_softhsm, token_with, use
from tests.support.wait import eventually
from tools.pki.softhsm import MODULE, SoftToken
from tools.platform.ports import free_ports

WRONG_PIN = "wrong-pin-3141592653"
NOBODY = "0190a000-0000-7000-8000-00000000dead"


def key_of(pki: Pki, owner: str) -> rsa.RSAPrivateKey:
    folder = pki.data / "keys"
    pin = (folder / f"{owner}.pin").read_bytes().strip()
    key, _, _ = pkcs12.load_key_and_certificates((folder / f"{owner}.p12").read_bytes(), pin)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def forms(secret: bytes) -> set[bytes]:
    """A secret as it may be written: raw, hexadecimal, decimal, and within base64."""
    found = {secret, secret.hex().encode(), secret.hex().upper().encode()}
    for offset in range(3):
        inner = base64.b64encode(bytes(offset) + secret)[4:-4]
        found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    if len(secret) > 64:
        found.add(str(int.from_bytes(secret, "big")).encode())
    return found


def secrets_of(pki: Pki, *tokens: SoftToken) -> set[bytes]:
    """Every PIN, passphrase and private number that must not be found."""
    found = set(forms(WRONG_PIN.encode()))
    for token in tokens:
        found |= forms(token.pin_file.read_bytes().strip())
    for owner in (LEADER, AGENCY, OTHER_LEADER):
        found |= forms((pki.data / "keys" / f"{owner}.pin").read_bytes().strip())
        numbers = key_of(pki, owner).private_numbers()
        for number in (numbers.d, numbers.p, numbers.q):
            found |= forms(number.to_bytes((number.bit_length() + 7) // 8, "big"))
    return found


def everything_stored(postgres: PostgresForTests, office: Office) -> Iterator[tuple[str, bytes]]:
    """Each row of each table of the installation, with its binary columns as they are."""
    database = office.url("migrator").rpartition("/")[2].partition("?")[0]
    url = postgres.url(database, "postgres")
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608
            for row in cursor.fetchall():
                for value in row:
                    raw = bytes(value) if isinstance(value, memoryview) else b""
                    text = json.dumps(value, default=str, ensure_ascii=False).encode()
                    yield f"table {table}", raw + text


def everything_published(rabbitmq: RabbitMQForTests) -> Iterator[tuple[str, bytes]]:
    """What audit, which follows all, finds in its queue."""
    with closing(pika.BlockingConnection(pika.URLParameters(rabbitmq.url("audit")))) as connection:
        channel = connection.channel()
        for _, properties, body in channel.consume(
            "audit.projections", auto_ack=True, inactivity_timeout=0.5
        ):
            if properties is None:
                return
            yield "message", body + repr(properties).encode()


def found_in(places_: Iterator[tuple[str, bytes]], secrets: set[bytes]) -> tuple[int, set[str]]:
    """How many places were searched, and those where a secret was."""
    number, told = 0, set()
    pattern = re.compile(b"|".join(re.escape(each) for each in secrets))
    for name, content in places_:
        number += 1
        if pattern.search(content):
            told.add(name)
    return number, told


@pytest.fixture(scope="module")
def pki() -> Pki:
    return running()


def spoilt_keys(pki: Pki, folder: Path) -> None:
    """A folder of keys in which the other leader's is whole and the other agency's is damaged."""
    folder.mkdir()
    for kind in ("p12", "pin"):
        name = f"{OTHER_LEADER}.{kind}"
        (folder / name).write_bytes((pki.data / "keys" / name).read_bytes())
    (folder / f"{OTHER_AGENCY}.p12").write_bytes(b"damaged")
    (folder / f"{OTHER_AGENCY}.pin").write_text(WRONG_PIN)


@contextmanager
def signing_worker(pki: Pki, office: Office, token: SoftToken, folder: Path) -> Iterator[Program]:
    """The signatures worker with the folder's keys and the tokens beside this one."""
    (port,) = free_ports(1)
    settings = {
        "DATABASE_URL": office.url("signatures"),
        "BLOB_URL": f"file://{folder / 'blobs'}",
        "TRUST_DIR": str(pki.data / "trust"),
        "KEYS_DIR": str(folder / "keys"),
        "REPORT_KEY_FILE": str(folder / "report-key.pem"),
        "OPS_PORT": str(port),
        "WORKERS": "1",
        **token.environment(),
    }
    worker = Program("services.signatures.worker", settings, folder / "worker.log")
    worker.start()
    try:
        yield worker
    finally:
        worker.kill()


def relay_all(office: Office, rabbitmq: RabbitMQForTests) -> None:
    """Publish all that the office's store holds."""
    engine, publisher = engine_for(office.url("relay")), Publisher(rabbitmq.url("relay"))
    with engine.connect() as connection:
        relay = Relay(connection, publisher)
        while relay.step():
            pass
    publisher.close()
    engine.dispose()


@needs_softhsm
@pytest.mark.rabbitmq
def test_signing_and_failing_to_sign_leave_no_secret_anywhere(
    pki: Pki,
    postgres: PostgresForTests,
    rabbitmq: RabbitMQForTests,
    tmp_path: Path,
    server_folder: Path,
) -> None:
    good = token_with(tmp_path / "tokens", pki.data, LEADER, label="good")
    bad = token_with(tmp_path / "tokens", pki.data, AGENCY, label="bad")
    secrets = secrets_of(pki, good, bad)
    bad.pin_file.write_text(WRONG_PIN)
    spoilt_keys(pki, tmp_path / "keys")

    with open_office(postgres, pki.setup(), tmp_path / "blobs") as office:
        with signing_worker(pki, office, good, tmp_path) as worker:
            outcomes = {LEADER: "", OTHER_LEADER: "", AGENCY: "token_pin_refused"}
            outcomes |= {OTHER_AGENCY: "key_unreadable", NOBODY: "key_not_found"}
            orders = {owner: leader_order(page(office), owner) for owner in outcomes}
            for number, (_, order) in enumerate(orders.values()):
                office.publish("documents", f"document-{number}", "SignatureRequested", order)
            office.follow()
            for owner, reason in outcomes.items():
                stream = f"signing-{orders[owner][0]}"
                ended = eventually(partial(office.events, stream), within=120)
                kind, event = ended[-1]
                assert getattr(event, "reason_code", "") == reason, (owner, kind)
            measures = worker.measures()
            bodies = answers(office, tmp_path, orders)
        own: Any = load_pem_private_key((tmp_path / "report-key.pem").read_bytes(), None)
        secrets |= forms(own.private_numbers().private_value.to_bytes(32, "big"))
        relay_all(office, rabbitmq)
        rows, in_store = found_in(everything_stored(postgres, office), secrets)
        messages, in_broker = found_in(everything_published(rabbitmq), secrets)
    blobs = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    written = [("log", worker.log.read_bytes()), ("measures", measures.encode()), *bodies]
    written += [("file", path.read_bytes()) for path in blobs]
    _, in_files = found_in(iter(written), secrets)
    assert in_store | in_broker | in_files == set()
    assert (rows > 50, messages >= 10, len(blobs) >= 4) == (True, True, True)
    assert b"token_pin_refused" in worker.log.read_bytes()  # the worker did tell of it
    assert 'lienthong_signing_tokens{state="token_pin_refused",token="bad"} 1.0' in measures


def answers(
    office: Office, folder: Path, orders: dict[str, tuple[str, str]]
) -> list[tuple[str, bytes]]:
    """What the service says of these orders over HTTP, refusals among it."""
    front, found = front_of(office, folder), list[tuple[str, bytes]]()
    for owner, (signing, order) in orders.items():
        document = json.loads(order)["document_id"]
        for method, path in (
            ("GET", f"/v1/signings/{document}"),
            ("GET", f"/v1/device-signings/{signing}"),
            ("POST", f"/v1/device-signings/{signing}/prepare"),
        ):
            body: Any = {} if method == "POST" else None
            answer = front.call(method, path, body, person=owner)
            found.append((f"answer to {method} {path}", answer.data))
    return found


def page(office: Office) -> str:
    return office.blobs.put_bytes(draft() + f"%{uuid4()}\n".encode()).digest


_VICTIM = """
import os, signal, sys
from libs.secrecy import forbid_dumps
if sys.argv[1] == "guarded":
    forbid_dumps()
os.chdir(sys.argv[2])
os.kill(os.getpid(), signal.SIGABRT)
"""

_START = """
import contextlib, os, resource, sys
with contextlib.suppress(ValueError):  # without root, after a command that gave the right up
    resource.setrlimit(resource.RLIMIT_CORE, (-1, -1))
os.execv(sys.executable, [sys.executable, '-c', *sys.argv[1:]])
"""


def dumps_core(how: str, folder: Path) -> bool:
    """Whether a process that aborts leaves a core, asked of the kernel."""
    process = subprocess.Popen(
        [sys.executable, "-c", _START, _VICTIM, how, str(folder)], cwd=Path(__file__).parents[2]
    )
    _, status = os.waitpid(process.pid, 0)
    process.returncode = 0
    assert os.WTERMSIG(status) == signal.SIGABRT
    return os.WCOREDUMP(status)


def test_a_guarded_process_leaves_no_core(tmp_path: Path) -> None:
    if not dumps_core("open", tmp_path):
        pytest.skip("this machine keeps no core of any process")
    assert not dumps_core("guarded", tmp_path)


def test_a_program_that_the_kernel_hands_cores_to_gets_none_either() -> None:
    """Such a program knows no RLIMIT_CORE; it is not called for an undumpable process."""
    script = (
        "import ctypes\n"
        "from libs.secrecy import forbid_dumps\n"
        "forbid_dumps()\n"
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"  # PR_GET_DUMPABLE
    )
    asked = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, cwd=Path(__file__).parents[2]
    )
    assert asked.stdout.strip() == b"0"


@needs_softhsm
def test_the_process_that_holds_a_token_leaves_no_core(
    pki: Pki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_with(tmp_path, pki.data, LEADER)
    use(token, monkeypatch)
    (place,) = places(MODULE, token.pins)
    desk = TokenDesk(pki.setup(), place)
    desk.engine._seconds = 60
    desk.look()
    limits = Path(f"/proc/{desk.engine.pid}/limits").read_text()
    desk.engine.close()
    assert re.search(r"Max core file size +0 +0 ", limits)
