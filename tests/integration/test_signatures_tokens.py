"""Keys in tokens, with SoftHSM: found by owner, opened once, and never opened with a wrong PIN
twice."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from libs.pkcs11.place import TokenPlace
from services.signatures.pdf.isolate import Isolated
from services.signatures.pdf.signed import SigningRefused
from services.signatures.token_desk import TokenDesk, of_nobody, places
from tests.support.pki import AGENCY, LEADER, LEADER_BOX, OTHER_LEADER, Pki, draft, now, running
from tests.support.softhsm import log_in, needs_softhsm, token_with, use
from tools.pki.softhsm import MODULE, SoftToken

pytestmark = needs_softhsm


@pytest.fixture(scope="module")
def pki() -> Pki:
    return running()


@pytest.fixture
def token(pki: Pki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    made = token_with(tmp_path, pki.data, LEADER, AGENCY)
    use(made, monkeypatch)
    return made


def place(token: SoftToken) -> TokenPlace:
    (found,) = places(MODULE, token.pins)
    return found


@pytest.fixture
def desk(pki: Pki, token: SoftToken) -> Iterator[TokenDesk]:
    made = TokenDesk(replace(pki.setup(), keys=None), place(token))
    made.engine._seconds = 60
    yield made
    made.engine.close()


def sign(engine: Isolated, owner: str = LEADER) -> bytes:
    return engine.sign_leader(draft(), person_id=owner, box=LEADER_BOX, at=now()).pdf


def refusal(engine: Isolated, owner: str = LEADER) -> str:
    with pytest.raises(SigningRefused) as refused:
        sign(engine, owner)
    return refused.value.code


def test_a_signature_by_a_token_is_as_good_as_one_by_a_file(pki: Pki, desk: TokenDesk) -> None:
    report = pki.judge(sign(desk.engine))
    assert report.verdict == "TOTAL_PASSED"
    assert report.signatures[0].signer is not None
    assert report.signatures[0].signer.sha256 == pki.fingerprint(LEADER)


def test_many_signatures_need_the_pin_once(desk: TokenDesk) -> None:
    assert len({sign(desk.engine) for _ in range(3)}) == 3
    desk.look()
    assert (desk.state.problem, desk.state.logins) == ("", 1)


def test_the_owners_of_its_keys_are_its_share_of_the_work(desk: TokenDesk) -> None:
    share = desk.share(["sign_leader"])
    assert (set(share.owners), share.others) == ({LEADER, AGENCY}, False)
    rest = of_nobody([desk], ["sign_leader"])
    assert (set(rest.owners), rest.others) == ({LEADER, AGENCY}, True)


def test_whose_key_it_has_not_is_not_signed_for(desk: TokenDesk) -> None:
    assert refusal(desk.engine, OTHER_LEADER) == "key_not_found"


def test_a_wrong_pin_is_given_once(desk: TokenDesk, token: SoftToken) -> None:
    right = token.pin_file.read_text()
    token.pin_file.write_text("0000000000000000")
    desk.look()
    assert desk.state.problem == "token_pin_refused"
    assert desk.state.owners == {LEADER, AGENCY}  # their orders are refused, nobody else's
    assert [refusal(desk.engine) for _ in range(3)] == ["token_pin_refused"] * 3
    # The right one may not be tried either: who says that it is right this time?
    token.pin_file.write_text(right)
    desk.engine.close()
    assert refusal(desk.engine) == "token_pin_refused"
    assert log_in(token, right)  # an operator made sure
    desk.look_again()
    desk.look()
    assert desk.state.problem == ""
    assert sign(desk.engine)


def test_an_operator_sees_the_trouble_and_mends_it(
    desk: TokenDesk,
    token: SoftToken,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in token.environment().items():
        monkeypatch.setenv(name, value)
    right = token.pin_file.read_text()
    token.pin_file.write_text("0000000000000000")
    desk.look()
    command = [sys.executable, "-m", "tools.cli", "signatures", "tokens", "--json"]

    def asked(*words: str) -> tuple[int, str]:
        done = subprocess.run([*command, *words], capture_output=True, check=False)
        (row,) = json.loads(done.stdout)["tokens"]
        assert set(row["owners"]) == {LEADER, AGENCY}
        return done.returncode, row["problem"]

    assert asked() == (1, "token_pin_refused")
    assert asked("--log-in", token.label) == (1, "token_pin_refused")
    token.pin_file.write_text(right)
    assert asked() == (1, "token_pin_refused")
    assert asked("--log-in", token.label) == (0, "")
    desk.look_again()
    desk.look()
    assert sign(desk.engine)


def test_a_pin_that_was_refused_is_refused_to_the_next_process_too(
    pki: Pki, token: SoftToken
) -> None:
    """Even by a token that does not remember wrong PINs itself."""
    right = token.pin_file.read_text()
    token.pin_file.write_text("0000000000000000")
    first = TokenDesk(pki.setup(), place(token))
    first.engine._seconds = 60
    first.look()
    assert log_in(token, right)  # the token has forgotten the wrong PIN
    first.engine.close()
    with first.engine:
        assert refusal(first.engine) == "token_pin_refused"
    assert token_flags_are_clear(token)


def token_flags_are_clear(token: SoftToken) -> bool:
    """Whether no wrong PIN was given since the last right one."""
    script = (
        "import pkcs11\n"
        f"flags = pkcs11.lib({str(MODULE)!r}).get_token(token_label={token.label!r}).flags\n"
        "print(bool(flags & pkcs11.TokenFlag.USER_PIN_COUNT_LOW))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    return done.stdout.strip() == b"False"


@pytest.mark.parametrize("content", [None, "", "\n", "\udcff".encode("utf-8", "surrogateescape")])
def test_without_a_pin_nothing_is_tried(
    desk: TokenDesk, token: SoftToken, content: str | bytes | None
) -> None:
    token.pin_file.unlink()
    if content is not None:
        token.pin_file.write_bytes(content.encode() if isinstance(content, str) else content)
    assert refusal(desk.engine) == "token_pin_missing"
    assert token_flags_are_clear(token)


def test_a_token_that_comes_later_is_taken_up(
    pki: Pki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = token_with(tmp_path, pki.data, OTHER_LEADER, label="first")
    use(first, monkeypatch)
    later = TokenPlace(MODULE, "later", first.pins / "later.pin")
    desk = TokenDesk(pki.setup(), later)
    desk.engine._seconds = 60
    desk.look()
    assert (desk.state.problem, desk.state.owners) == ("token_absent", frozenset())
    token_with(tmp_path, pki.data, LEADER, label="later")
    desk.look_again()
    desk.look()
    assert (desk.state.problem, set(desk.state.owners)) == ("", {LEADER})
    desk.engine.close()


def test_a_library_that_is_none_is_an_absent_token(pki: Pki, token: SoftToken) -> None:
    wrong = replace(place(token), module=token.pin_file)
    desk = TokenDesk(pki.setup(), wrong)
    desk.engine._seconds = 60
    desk.look()
    assert desk.state.problem == "token_absent"
    desk.engine.close()
