"""The development issuer as a process: log-in, keys, and its refusals."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from libs.web.problems import Problem
from libs.web.tokens import TokenVerifier
from tests.support.web_issuer import LAN, running_issuer


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    data = tmp_path_factory.mktemp("issuer")
    with running_issuer(data) as url:
        yield url, data


def log_in(url: str, **form: str) -> requests.Response:
    return requests.post(f"{url}/token", data=form, timeout=5)


def test_a_right_password_gives_a_token_that_services_accept(issuer: tuple[str, Path]) -> None:
    url, _ = issuer
    answer = log_in(url, username="lan", password=LAN["password"], grant_type="password").json()
    principal = TokenVerifier((url,)).verify(answer["access_token"])
    assert principal.handler == f"person:{LAN['subject']}/{LAN['position']}"
    assert principal.agency == LAN["agency"]
    assert principal.roles == {"clerk"}
    assert principal.behalf is None
    assert answer["expires_in"] == 300


@pytest.mark.parametrize(("username", "password"), [("lan", "guess"), ("nobody", "guess")])
def test_a_wrong_name_and_a_wrong_password_get_the_same_refusal(
    issuer: tuple[str, Path], username: str, password: str
) -> None:
    answer = log_in(issuer[0], username=username, password=password)
    assert (answer.status_code, answer.json()["code"]) == (401, "login_refused")
    assert password not in answer.text


def test_a_form_without_a_password_says_what_is_missing(issuer: tuple[str, Path]) -> None:
    answer = log_in(issuer[0], username="lan")
    assert answer.status_code == 422
    assert [error["where"] for error in answer.json()["errors"]] == ["password"]


def test_the_private_key_is_readable_by_its_owner_alone(issuer: tuple[str, Path]) -> None:
    assert (issuer[1] / "key.pem").stat().st_mode & 0o777 == 0o600
    (key,) = requests.get(f"{issuer[0]}/jwks", timeout=5).json()["keys"]
    assert "d" not in key


def test_changed_accounts_count_at_once_and_broken_ones_are_said(
    issuer: tuple[str, Path],
) -> None:
    url, data = issuer
    accounts = data / "accounts.json"
    before = accounts.read_text()

    def write(content: Any) -> None:
        accounts.with_suffix(".draft").write_text(content)
        accounts.with_suffix(".draft").replace(accounts)

    try:
        write(json.dumps([{**LAN, "username": "hoa", "on_behalf_of": "chair"}]))
        token = log_in(url, username="hoa", password=LAN["password"]).json()["access_token"]
        assert TokenVerifier((url,)).verify(token).behalf == "chair"
        assert log_in(url, username="lan", password=LAN["password"]).status_code == 401
        write(json.dumps([{**LAN, "roles": "clerk"}]))
        assert log_in(url, username="lan", password=LAN["password"]).status_code == 503
    finally:
        write(before)


def test_a_restart_keeps_the_key(tmp_path: Path) -> None:
    with running_issuer(tmp_path) as url:
        first = requests.get(f"{url}/jwks", timeout=5).json()
    with running_issuer(tmp_path) as url:
        assert requests.get(f"{url}/jwks", timeout=5).json() == first


def test_it_refuses_to_start_outside_development(tmp_path: Path) -> None:
    environ = {name: os.environ[name] for name in os.environ if name != "LIENTHONG_DEVELOPMENT"}
    ended = subprocess.run(
        [sys.executable, "-m", "tools.issuer", "--data", str(tmp_path)],
        env=environ,
        capture_output=True,
        timeout=30,
    )
    assert ended.returncode == 2
    assert b"LIENTHONG_DEVELOPMENT" in ended.stderr
    assert not list(tmp_path.iterdir())


def test_an_issuer_that_is_away_is_not_the_tokens_fault(tmp_path: Path) -> None:
    with running_issuer(tmp_path) as url:
        token = log_in(url, username="lan", password=LAN["password"]).json()["access_token"]

    with pytest.raises(Problem) as refused:
        TokenVerifier((url,)).verify(token)
    assert (refused.value.status, refused.value.code) == (503, "issuer_out_of_reach")
