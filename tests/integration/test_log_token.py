"""The log's keys in a token, with SoftHSM: made there, signed with there, opened with care."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pkcs11
import pytest
from pkcs11 import Attribute, KeyType, ObjectClass

from libs.eventstore.bulk import BulkReader
from libs.pkcs11.place import TokenPlace
from libs.translog import Checkpoint, Signer, Use, VerifierKey
from libs.translog.files import read_key
from services.audit.sealing.errors import ForkRefused, KeyMissing, StoreIsOld, TokenUnusable
from services.audit.sealing.files import KEY
from services.audit.sealing.forking import carried_out, loss
from services.audit.sealing.memory import Memory
from services.audit.sealing.notary import Notary
from services.audit.sealing.shards import ShardName, year_of
from services.audit.sealing.token_keys import TokenKeys
from tests.support.fault_program import Program
from tests.support.sealing import ORIGIN, YEAR, SealedStore, sealed_store
from tests.support.servers import PostgresForTests
from tests.support.softhsm import log_in, needs_softhsm, use
from tests.support.wait import eventually
from tools.cli import main
from tools.pki import softhsm
from tools.pki.softhsm import MODULE, SoftToken
from tools.platform.installation import REPLACEABLE, Installation
from tools.platform.log import LogHome
from tools.platform.ports import free_ports

pytestmark = needs_softhsm

NEXT = ShardName(2027)
NEW_YEAR = datetime(2026, 12, 31, 17, 30, tzinfo=UTC)  # half past midnight in Hà Nội
WRONG = "0000000000000000"


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    """A token of its own for each test: this process may have seen that of another."""
    made = softhsm.create(tmp_path / "token", f"log-{uuid4().hex[:8]}")
    use(made, monkeypatch)
    return made


def keys_in(token: SoftToken) -> TokenKeys:
    """What a sealer that starts has of the token."""
    return TokenKeys(TokenPlace(MODULE, token.label, token.pin_file), ORIGIN)


@pytest.fixture
def keys(token: SoftToken) -> TokenKeys:
    return keys_in(token)


@pytest.fixture
def store(postgres: PostgresForTests, tmp_path: Path, keys: TokenKeys) -> Iterator[SealedStore]:
    with sealed_store(postgres.fresh_database(), tmp_path, keys) as store:
        yield store


def settings(token: SoftToken) -> dict[str, str]:
    return {
        "LOG_ORIGIN": ORIGIN,
        "LOG_TOKEN_MODULE": str(MODULE),
        "LOG_TOKEN_LABEL": token.label,
        "LOG_TOKEN_PIN_FILE": str(token.pin_file),
        "SOFTHSM2_CONF": str(token.configuration),
    }


def lienthong(token: SoftToken, *words: str) -> tuple[int, dict[str, object]]:
    """Run `lienthong log` as another process beside the sealer."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.cli", "log", *words, "--json"],
        env={"PATH": "/usr/bin:/bin", **settings(token)},
        capture_output=True,
        check=False,
    )
    assert token.pin_file.read_bytes() not in done.stdout + done.stderr
    return done.returncode, json.loads(done.stdout)


def was_given_a_wrong_pin(token: SoftToken) -> bool:
    """Whether the token says so: since the last right one."""
    flags = pkcs11.lib(str(MODULE)).get_token(token_label=token.label).flags
    return bool(flags & pkcs11.TokenFlag.USER_PIN_COUNT_LOW)


def break_off() -> None:
    """What a token does that was pulled, or an HSM that starts anew: all sessions are gone."""
    pkcs11.lib(str(MODULE)).reinitialize()


def test_a_sealer_signs_with_a_token(store: SealedStore, token: SoftToken) -> None:
    store.append_batch(300)
    assert store.seal() == 300
    store.append(2)
    assert store.seal() == 2
    shown = VerifierKey.parse((store.log / "2026" / KEY).read_text().strip())
    assert shown == store.key()
    note = store.files().note()
    note.signed_by([shown])
    assert Checkpoint.parse(note.text).size == 302
    assert not (store.folder / "keys").exists()
    assert not was_given_a_wrong_pin(token)


def test_a_secret_never_leaves_the_token(keys: TokenKeys, token: SoftToken) -> None:
    keys.make(YEAR)
    session = keys._token.opened()
    wanted = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: f"{ORIGIN}/2026"}
    (private,) = session.get_objects(wanted)
    assert private[Attribute.KEY_TYPE] == KeyType.EC_EDWARDS
    assert (private[Attribute.SENSITIVE], private[Attribute.EXTRACTABLE]) == (True, False)
    assert (private[Attribute.LOCAL], private[Attribute.PRIVATE]) == (True, True)


def test_a_key_is_made_once_and_stays_the_same(keys: TokenKeys, token: SoftToken) -> None:
    made = keys.make(YEAR).key
    assert keys.make(YEAR).key == keys.signer(YEAR).key == keys_in(token).make(YEAR).key == made
    assert made.name == f"{ORIGIN}/2026"
    assert keys.make(NEXT).key.public != made.public


def test_many_signatures_need_the_pin_once(store: SealedStore, keys: TokenKeys) -> None:
    for _ in range(3):
        store.append()
        store.seal()
    assert keys._token.logins == 1


def test_without_the_new_years_key_the_old_log_goes_on(
    store: SealedStore, token: SoftToken
) -> None:
    """The running sealer sees a key that `lienthong log key` makes meanwhile."""
    with store.sealer() as sealer:
        store.append()
        assert sealer.step() == 1
        store.now = NEW_YEAR
        store.append()
        assert sealer.step() == 1
        assert store.checkpoint(YEAR).size == 2
        code, told = lienthong(token, "key", "2027")
        store.append()
        assert sealer.step() == 1
    assert (code, told["key"]) == (0, str(store.key(NEXT)))
    assert store.checkpoint(NEXT).size == 2


def test_a_token_that_broke_off_is_opened_again(store: SealedStore, keys: TokenKeys) -> None:
    with store.sealer() as sealer:
        for _ in range(3):
            store.append()
            assert sealer.step() == 1
            break_off()
    assert store.checkpoint().size == 3
    assert keys._token.logins == 3


def test_while_the_token_is_away_nothing_is_signed(store: SealedStore, token: SoftToken) -> None:
    store.append()
    store.seal()
    objects = token.folder / "objects"
    objects.rename(token.folder / "away")
    objects.mkdir()
    break_off()
    store.append()
    for _ in range(2):
        with pytest.raises(TokenUnusable, match="not there"):
            store.seal()
    signed = Memory.read(store.state).current
    assert signed
    assert signed.checkpoint.size == 1
    objects.rmdir()
    (token.folder / "away").rename(objects)
    assert store.seal() == 1


def test_a_wrong_pin_is_given_once(store: SealedStore, token: SoftToken) -> None:
    right = token.pin_file.read_text()
    store.append()
    token.pin_file.write_text(WRONG)
    store.in_token = keys_in(token)
    break_off()
    with pytest.raises(TokenUnusable, match="it refused the PIN"):
        store.seal()
    assert was_given_a_wrong_pin(token)
    # For a token that does not remember wrong PINs itself: that file is not read again.
    assert log_in(token, right)
    for _ in range(2):
        with pytest.raises(TokenUnusable, match="it refused this PIN"):
            store.seal()
    assert not was_given_a_wrong_pin(token)
    token.pin_file.write_text(right)
    assert store.seal() == 1


def test_after_a_wrong_pin_a_person_gives_the_right_one(keys: TokenKeys, token: SoftToken) -> None:
    keys.make(YEAR)
    right = token.pin_file.read_text()
    token.pin_file.write_text(WRONG)
    break_off()
    code, told = lienthong(token, "key", "2027")
    assert (code, told["error"]) == (1, "log_token_unusable")
    token.pin_file.write_text(right)
    # Who says that it is right this time?
    with pytest.raises(TokenUnusable, match="a wrong PIN was given"):
        keys_in(token).signer(YEAR)
    code, told = lienthong(token, "token")
    assert (code, "a wrong PIN was given" in str(told["problem"])) == (1, True)
    code, told = lienthong(token, "token", "--log-in")
    assert (code, told["problem"], told["keys"]) == (0, "", [f"{ORIGIN}/2026"])
    assert keys_in(token).signer(YEAR)


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (lambda file: file.chmod(0o644), "others can read"),
        (lambda file: file.unlink(), "cannot be read"),
        (lambda file: file.write_bytes(b"\n"), "cannot be read"),
        (lambda file: file.write_bytes(b"\xff\xfe"), "cannot be read"),
    ],
    ids=["for others", "missing", "empty", "no text"],
)
def test_a_pin_that_is_not_kept_well_is_not_given(
    keys: TokenKeys, token: SoftToken, harm: Callable[[Path], None], why: str
) -> None:
    harm(token.pin_file)
    with pytest.raises(TokenUnusable, match=why):
        keys.signer(YEAR)
    assert not was_given_a_wrong_pin(token)


def test_two_keys_of_one_name_are_none(keys: TokenKeys, token: SoftToken) -> None:
    keys.make(YEAR)
    keys.make(NEXT)
    session = keys._token.token().open(rw=True)
    for each in session.get_objects({Attribute.LABEL: f"{ORIGIN}/2027"}):
        each[Attribute.LABEL] = f"{ORIGIN}/2026"
    with pytest.raises(KeyMissing, match="2 private and 2 public"):
        keys_in(token).signer(YEAR)


def test_a_pair_that_is_none_signs_nothing(keys: TokenKeys, token: SoftToken) -> None:
    keys.make(YEAR)
    keys.make(NEXT)
    session = keys._token.token().open(rw=True)
    old, new = f"{ORIGIN}/2026", f"{ORIGIN}/2027"
    for label, kind, changed in [
        (old, ObjectClass.PUBLIC_KEY, "put away"),
        (new, ObjectClass.PUBLIC_KEY, old),
    ]:
        (found,) = session.get_objects({Attribute.LABEL: label, Attribute.CLASS: kind})
        found[Attribute.LABEL] = changed
    with pytest.raises(KeyMissing, match="not one pair"):
        keys_in(token).signer(YEAR).raw(b"anything")


@pytest.fixture
def fork(store: SealedStore, monkeypatch: pytest.MonkeyPatch) -> Callable[[SoftToken], None]:
    """Two persons decide that the log goes on, under a key in a token."""
    monkeypatch.setenv("LOG_DIR", str(store.log))
    monkeypatch.setenv("LOG_STATE", str(store.state))
    monkeypatch.setenv("DATABASE_URL", store.url("monitor"))
    persons = [store.folder / f"{name}.pem" for name in ("a", "b")]

    def call(token: SoftToken) -> None:
        for name, value in settings(token).items():
            monkeypatch.setenv(name, value)
        for person in persons:
            assert main(["log", "operator", f"operator.{person.stem}", str(person)]) == 0
        lines = [f"{key_of(person)}\n" for person in persons]
        (store.state / "operators").write_text("".join(lines))
        sign = ["log", "fork", "--sign-with"]
        assert main([*sign, str(persons[0]), "--reason", "it is lost"]) == 0
        assert main([*sign, str(persons[1])]) == 0

    return call


def carry_out(store: SealedStore) -> bool:
    """What the sealer does before each round."""
    with BulkReader(store.url("audit")) as reader:
        notary = Notary(store.state, store.keys)
        return carried_out(notary, store.log, store.state, reader, lambda *_: None, lambda _: None)


def test_two_persons_fork_a_log_whose_keys_are_in_a_token(
    store: SealedStore, token: SoftToken, fork: Callable[[SoftToken], None]
) -> None:
    store.append_batch(5)
    store.seal()
    store.tamper("TRUNCATE es.event, es.stream")
    store.append(3)
    with pytest.raises(StoreIsOld):
        store.seal()
    fork(token)
    assert carry_out(store)
    assert store.seal() == 3
    assert store.signed(YEAR.forked()).size == 5


def test_a_log_whose_token_is_lost_goes_on_under_a_key_in_another(
    store: SealedStore, token: SoftToken, fork: Callable[[SoftToken], None]
) -> None:
    store.append_batch(5)
    store.seal()
    other = softhsm.create(token.folder, f"log-{uuid4().hex[:8]}")
    break_off()
    store.in_token = keys_in(other)
    store.append(3)
    with pytest.raises(KeyMissing, match="no key"):
        store.seal()
    fork(other)
    assert carry_out(store)
    assert store.seal() == 3
    assert store.signed(YEAR.forked()).size == 5
    assert not carry_out(store)
    assert main(["verify", "--jobs", "1"]) == 0


def test_a_token_that_is_away_is_no_reason_for_a_fork(store: SealedStore, token: SoftToken) -> None:
    store.append_batch(5)
    store.seal()
    with BulkReader(store.url("audit")) as reader:
        memory = Memory.read(store.state)
        absent = TokenKeys(TokenPlace(MODULE, "another", token.pin_file), ORIGIN)
        found = loss(memory, store.log, store.state, lambda name: absent.signer(name).key, reader)
    with pytest.raises(ForkRefused, match="nothing asks"):
        found.statement(datetime.now(UTC), "why not")


def key_of(person: Path) -> VerifierKey:
    return Signer.of(f"operator.{person.stem}", Use.NOTE, read_key(person)).key


def test_a_platform_on_this_machine_takes_the_token_up(
    keys: TokenKeys, token: SoftToken, tmp_path: Path
) -> None:
    given = {name: value for name, value in settings(token).items() if name in REPLACEABLE}
    home = LogHome(Installation.create(tmp_path / "run", given))
    home.prepare_witness()
    (home.witness_folder / "state.json").write_text('{"key": "w+0+0"}')
    home.write_policy()
    year = ShardName(year_of(datetime.now(UTC)))
    assert f"log {keys.signer(year).key}\n" in home.policy.read_text()
    assert not (home.folder / "keys").exists()


# The sealer as a process.


@pytest.fixture
def sealer(store: SealedStore, token: SoftToken) -> Iterator[Program]:
    """Not started; this year's key is in the token."""
    store.keys.make(ShardName(year_of(datetime.now(UTC))))
    environment = {
        "DATABASE_URL": store.url("audit"),
        "LOG_DIR": str(store.log),
        "LOG_STATE": str(store.state),
        "OPS_PORT": str(free_ports(1)[0]),
        **settings(token),
    }
    program = Program("services.audit.sealer", environment, store.folder / "sealer.log")
    yield program
    program.kill()


def test_the_sealers_process_seals_and_never_tells_the_pin(
    store: SealedStore, sealer: Program, token: SoftToken
) -> None:
    store.append(3)
    sealer.start()
    name = ShardName(year_of(datetime.now(UTC)))
    eventually(lambda: (store.log / str(name) / KEY).exists(), within=60)
    eventually(lambda: store.signed(name).size == 3, within=60)
    pin = token.pin_file.read_text()
    told = [sealer.log.read_text(), sealer.measures(), repr(store.keys), repr(vars(store.keys))]
    assert not any(pin in each for each in told)
    assert [path for path in store.folder.rglob("*") if pin_in(path, pin, token)] == []


def pin_in(path: Path, pin: str, token: SoftToken) -> bool:
    return path.is_file() and path != token.pin_file and pin.encode() in path.read_bytes()


def test_the_sealers_process_halts_at_a_wrong_pin_and_gives_it_once_in_all_rounds(
    store: SealedStore, sealer: Program, token: SoftToken
) -> None:
    right = token.pin_file.read_text()
    store.append(3)
    token.pin_file.write_text(WRONG)
    sealer.start()
    eventually(lambda: sealer.said("sealer_halted"), within=60)
    assert log_in(token, right)  # the token has forgotten the wrong PIN
    break_off()
    rounds = sealer.log.read_text().count("sealer_halted")
    eventually(lambda: sealer.log.read_text().count("sealer_halted") > rounds, within=60)
    assert not was_given_a_wrong_pin(token)
    assert sealer.said("log_token_unusable")
    assert sealer.measure("lienthong_log_halted") == 1
    assert not sealer.said(WRONG)
    assert sealer.alive
