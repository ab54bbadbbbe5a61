"""What every service's HTTP interface promises, whatever the server."""

from typing import Any
from uuid import uuid4

import pytest
from marshmallow import Schema
from werkzeug.test import Client, TestResponse

from libs.web.access import AccessTable, Rule
from libs.web.api import Api
from libs.web.call import Call, Reply
from libs.web.issuer import TokenIssuer
from libs.web.tokens import TokenVerifier
from tests.support.web_kit import ACCESS, LIMITS, MemoryRunner, Shelf, build_api

URL = "https://issuer.example"


class Caller:
    """A client with a token."""

    def __init__(self, api: Api, token: str | None) -> None:
        self._client = Client(api)
        self._token = token

    def __call__(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = {"Idempotency-Key": str(uuid4()), **options.pop("headers", {})}
        if self._token:
            headers.setdefault("Authorization", f"Bearer {self._token}")
        headers = {name: value for name, value in headers.items() if value is not None}
        return self._client.open(path, method=method, headers=headers, **options)


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> TokenIssuer:
    return TokenIssuer(URL, tmp_path_factory.mktemp("key") / "key.pem")


def verifier_of(issuer: TokenIssuer) -> TokenVerifier:
    documents = {
        f"{URL}/.well-known/openid-configuration": issuer.discovery(),
        f"{URL}/jwks": issuer.jwks(),
    }
    return TokenVerifier((URL,), fetch=documents.__getitem__)


@pytest.fixture
def notes(issuer: TokenIssuer) -> tuple[Api, Shelf]:
    return build_api(verifier_of(issuer))


@pytest.fixture
def clerk(notes: tuple[Api, Shelf], issuer: TokenIssuer) -> Caller:
    return Caller(notes[0], issuer.issue("lan", "H40.01", ["clerk"], position="p1"))


@pytest.fixture
def leader(notes: tuple[Api, Shelf], issuer: TokenIssuer) -> Caller:
    return Caller(notes[0], issuer.issue("minh", "H40.01", ["leader"]))


def refusal(answer: TestResponse) -> tuple[int, str]:
    assert answer.json is not None
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == answer.status_code
    assert {"type", "title", "detail", "detail_vi", "instance"} <= set(answer.json)
    return answer.status_code, answer.json["code"]


def write(caller: Caller, text: str = "hello", **headers: str | None) -> TestResponse:
    return caller(
        "POST",
        "/v1/notes",
        json={"text": text},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def test_an_address_that_nobody_serves_is_a_problem(clerk: Caller) -> None:
    assert refusal(clerk("GET", "/v1/nowhere")) == (404, "not_found")
    assert refusal(clerk("GET", "/v1/notes/not-a-uuid")) == (404, "not_found")


def test_a_method_that_the_address_lacks_says_which_it_has(clerk: Caller) -> None:
    answer = clerk("DELETE", "/v1/notes")
    assert refusal(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, POST"


def test_without_a_token_nothing_is_said_but_that_one_is_needed(notes: tuple[Api, Shelf]) -> None:
    answer = Caller(notes[0], None)("GET", "/v1/notes")
    assert refusal(answer) == (401, "token_missing")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_role_without_the_action_is_refused_before_the_body_is_read(leader: Caller) -> None:
    answer = leader("POST", "/v1/notes", data=b"{not json", headers={"Idempotency-Key": None})
    assert refusal(answer) == (403, "action_not_allowed")


def test_another_agencys_object_looks_like_none(
    notes: tuple[Api, Shelf], clerk: Caller, issuer: TokenIssuer
) -> None:
    note = write(clerk).json["note"]  # type: ignore[index]
    stranger = Caller(notes[0], issuer.issue("binh", "H40.02", ["clerk"]))
    theirs = stranger("GET", f"/v1/notes/{note}")
    none = stranger("GET", f"/v1/notes/{uuid4()}")
    assert refusal(theirs) == refusal(none) == (404, "not_found")
    assert theirs.json.keys() == none.json.keys()  # type: ignore[union-attr]
    assert clerk("GET", f"/v1/notes/{note}").json == {"text": "hello"}


def test_a_repeated_command_gets_the_same_answer_and_runs_once(
    notes: tuple[Api, Shelf], clerk: Caller
) -> None:
    first, again = (
        clerk(
            "POST",
            "/v1/notes",
            data=body,
            content_type="application/json; charset=utf-8",
            headers={"Idempotency-Key": "k1"},
        )
        for body in ('{"text":"hello","tags":["a"]}', '{ "tags": ["a"], "text": "hello" }')
    )
    assert first.status_code == again.status_code == 201
    assert first.json == again.json
    assert first.headers["ETag"] == again.headers["ETag"] == '"1"'
    assert first.headers["X-Read-After"] == again.headers["X-Read-After"] == "epoch:1"
    assert notes[1].runs == 1


def test_a_command_that_failed_runs_again_with_the_same_ids(
    notes: tuple[Api, Shelf], clerk: Caller, issuer: TokenIssuer
) -> None:
    fresh_api, fresh_shelf = build_api(verifier_of(issuer))
    fresh = Caller(fresh_api, issuer.issue("lan", "H40.01", ["clerk"], position="p1"))
    assert write(clerk, "defect", Idempotency_Key="k2").status_code == 500
    assert write(clerk, "repaired", Idempotency_Key="k2").status_code == 201
    assert write(fresh, "repaired", Idempotency_Key="k2").status_code == 201
    assert notes[1].runs == 2
    assert list(notes[1].notes) == list(fresh_shelf.notes)


def test_a_key_with_another_body_is_refused(clerk: Caller) -> None:
    write(clerk, "one", Idempotency_Key="k3")
    assert refusal(write(clerk, "two", Idempotency_Key="k3")) == (422, "idempotency_key_reused")


def test_a_key_belongs_to_its_caller(notes: tuple[Api, Shelf], issuer: TokenIssuer) -> None:
    for who in ("lan", "hoa"):
        caller = Caller(notes[0], issuer.issue(who, "H40.01", ["clerk"]))
        assert write(caller, who, Idempotency_Key="k").status_code == 201
    assert [note["text"] for note in notes[1].notes.values()] == ["lan", "hoa"]


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency_key_missing"),
        ("x" * 129, "idempotency_key_malformed"),
        ("a b", "idempotency_key_malformed"),
    ],
)
def test_a_command_needs_a_key(
    notes: tuple[Api, Shelf], clerk: Caller, key: str | None, code: str
) -> None:
    assert refusal(write(clerk, Idempotency_Key=key)) == (400, code)
    assert notes[1].runs == 0


@pytest.mark.parametrize(
    ("if_match", "expected"),
    [
        ('"0"', (412, "stale_version")),
        ('"1"', (409, "note_is_final")),
        (None, (409, "note_is_final")),
        ("1", (400, "if_match_malformed")),
        ('W/"1"', (400, "if_match_malformed")),
        ('"1", "2"', (400, "if_match_malformed")),
        ("*", (400, "if_match_malformed")),
    ],
)
def test_if_match_names_one_version_or_is_refused(
    clerk: Caller, if_match: str | None, expected: tuple[int, str]
) -> None:
    answer = clerk(
        "PUT", f"/v1/notes/{uuid4()}", json={"text": "x"}, headers={"If-Match": if_match}
    )
    assert refusal(answer) == expected


def test_a_stale_version_says_both(clerk: Caller) -> None:
    answer = clerk("PUT", f"/v1/notes/{uuid4()}", json={"text": "x"}, headers={"If-Match": '"7"'})
    assert answer.json is not None
    assert (answer.json["expected"], answer.json["actual"]) == (7, 1)


def test_a_services_own_error_shows_its_code_and_data_alone(clerk: Caller) -> None:
    note = str(uuid4())
    answer = clerk("PUT", f"/v1/notes/{note}", json={"text": "x"})
    assert answer.json is not None
    assert (answer.json["note"], answer.json["detail"]) == (note, "It cannot be done.")
    assert "secret reason" not in answer.text


def test_a_defect_shows_an_incident_and_no_more(
    clerk: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    answer = write(clerk, "defect")
    assert refusal(answer) == (500, "internal_error")
    assert "hunter2" not in answer.text
    assert answer.json is not None
    (line,) = (record for record in caplog.records if record.msg == "incident")
    assert line.fields["incident"] == answer.json["incident"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "body_invalid"),
        (b"{", 400, "body_unreadable"),
        (b"[]", 400, "body_unreadable"),
        (b'{"text": "\xff"}', 400, "body_unreadable"),
        (b'{"text": "\\u0000"}', 400, "body_unreadable"),
        (b'{"text": "\\ud800"}', 400, "body_unreadable"),
        (b'{"text": "a", "text": "b"}', 400, "body_unreadable"),
        (b'{"text": NaN}', 400, "body_unreadable"),
        (b'{"text": 1e999}', 400, "body_unreadable"),
        (b'{"text": ' + b"9" * 5000 + b"}", 400, "body_unreadable"),
        (b'{"text": ' + b"[" * 9 + b"]" * 9 + b"}", 400, "body_unreadable"),
        (b'{"text": ' + b"[" * 30_000, 400, "body_unreadable"),
        (b'{"text": 5}', 422, "body_invalid"),
        (b'{"text": "a", "more": 1}', 422, "body_invalid"),
        (b'{"text": "a", "tags": ["b", 3]}', 422, "body_invalid"),
        (b" " * (LIMITS.body + 1), 413, "body_too_large"),
    ],
)
def test_a_bad_body_changes_nothing_and_says_what_is_wrong(
    notes: tuple[Api, Shelf], clerk: Caller, body: bytes, status: int, code: str
) -> None:
    answer = clerk("POST", "/v1/notes", data=body, content_type="application/json")
    assert refusal(answer) == (status, code)
    assert notes[1].runs == 0


def test_a_wrong_member_is_named_with_its_place(clerk: Caller) -> None:
    answer = clerk("POST", "/v1/notes", json={"text": "a", "tags": ["b", 3]})
    assert answer.json is not None
    assert [error["where"] for error in answer.json["errors"]] == ["tags.1"]


def test_a_body_of_another_type_is_refused(clerk: Caller) -> None:
    answer = clerk("POST", "/v1/notes", data=b"<a/>", content_type="text/xml")
    assert refusal(answer) == (415, "content_type_unknown")


def test_a_chunked_body_that_the_server_cannot_end_is_refused(clerk: Caller) -> None:
    answer = clerk("POST", "/v1/notes", data=b"x", headers={"Transfer-Encoding": "gzip, chunked"})
    assert refusal(answer) == (400, "transfer_encoding_unknown")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "limit=1&limit=2", "lmit=3", "word=%00", "word=%FF", "a&" * 101]
)
def test_a_wrong_query_is_refused(clerk: Caller, query: str) -> None:
    answer = clerk("GET", f"/v1/notes?{query}")
    assert answer.status_code == 400
    assert refusal(answer)[1] in ("arguments_invalid", "fields_unreadable")


def test_arguments_arrive_as_their_schema_loads_them(clerk: Caller) -> None:
    answer = clerk("GET", "/v1/notes?limit=7&word=%E1%BB%9E")
    assert answer.json == {"limit": 7, "notes": []}


@pytest.mark.parametrize(("token", "stale"), [("epoch:1", None), ("epoch:9", "true")])
def test_a_read_says_when_it_is_behind_the_callers_own_write(
    clerk: Caller, token: str, stale: str | None
) -> None:
    answer = clerk("GET", "/v1/notes", headers={"X-Read-After": token})
    assert (answer.status_code, answer.headers.get("X-Stale")) == (200, stale)


def test_a_read_after_token_of_a_stranger_is_refused(clerk: Caller) -> None:
    for token in ("nonsense", "epoch:" + "1" * 2000):
        answer = clerk("GET", "/v1/notes", headers={"X-Read-After": token})
        assert refusal(answer) == (400, "read_after_malformed")


def test_a_repeated_upload_is_kept_once_and_another_file_is_refused(
    notes: tuple[Api, Shelf], clerk: Caller
) -> None:
    headers = {"Idempotency-Key": "file"}
    first = clerk("POST", "/v1/files", data=b"one", headers=headers)
    again = clerk("POST", "/v1/files", data=b"one", headers=headers)
    other = clerk("POST", "/v1/files", data=b"two", headers=headers)
    assert (first.status_code, first.json) == (again.status_code, again.json)
    assert refusal(other) == (422, "idempotency_key_reused")
    assert list(notes[1].files.values()) == [b"one"]


def test_an_upload_that_was_not_read_to_its_end_cannot_be_committed(
    issuer: TokenIssuer,
) -> None:
    api = Api("files", verifier_of(issuer), ACCESS, MemoryRunner())
    kept: list[str] = []

    def keep(_call: Call) -> Reply:
        kept.append("half")
        return Reply()

    @api.upload("/v1/half", action="notes.write", limit=100)
    def half(call: Call) -> Any:
        assert call.upload is not None
        call.upload.stream.read(2)
        return call.upload.commit({}, keep)

    clerk = Caller(api, issuer.issue("lan", "H40.01", ["clerk"]))
    assert refusal(clerk("POST", "/v1/half", data=b"four")) == (500, "internal_error")
    assert kept == []


def test_a_head_answers_without_a_body(clerk: Caller) -> None:
    answer = clerk("HEAD", "/v1/notes")
    assert (answer.status_code, answer.data) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 0


def test_an_action_that_the_table_lacks_stops_the_start(issuer: TokenIssuer) -> None:
    api = Api("notes", verifier_of(issuer), AccessTable({}), MemoryRunner())
    with pytest.raises(LookupError, match=r"notes\.read"):
        api.query("/v1/notes", action="notes.read")


def test_a_guarded_route_needs_a_verifier_and_a_command_a_runner(issuer: TokenIssuer) -> None:
    table = AccessTable({"notes.read": Rule(frozenset({"clerk"}), "own")})
    with pytest.raises(ValueError, match="verifier"):
        Api("notes", access=table).query("/v1/notes", action="notes.read")
    with pytest.raises(ValueError, match="runner"):
        Api("notes", verifier_of(issuer), table).command("/v1/notes", action="notes.read")


def test_the_description_lists_every_route_with_what_it_needs(notes: tuple[Api, Shelf]) -> None:
    answer = Caller(notes[0], None)("GET", "/v1/openapi/notes.json")
    description = answer.json
    assert description is not None
    assert description["openapi"].startswith("3.1")
    assert set(description["paths"]) == {
        "/v1/notes",
        "/v1/notes/{note}",
        "/v1/files",
        "/v1/files/{digest}",
        "/v1/openapi/notes.json",
    }
    command = description["paths"]["/v1/notes"]["post"]
    assert "Idempotency-Key" in [parameter["name"] for parameter in command["parameters"]]
    assert command["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Note"
    }
    assert command["security"] == [{"token": []}]
    query = description["paths"]["/v1/notes"]["get"]
    assert {"word", "limit"} <= {parameter["name"] for parameter in query["parameters"]}


def test_two_services_may_use_one_schema_class(issuer: TokenIssuer) -> None:
    class PlainSchema(Schema):
        """Nothing in it."""

    api = Api("plain", verifier_of(issuer), ACCESS, MemoryRunner())
    for path in ("/v1/a", "/v1/b"):
        api.command(path, action="notes.write", answer=PlainSchema)(lambda _call: Reply())
    assert set(api.openapi()["components"]["schemas"]) == {"Plain", "Problem"}


def test_what_a_command_prepares_is_made_before_its_transaction(issuer: TokenIssuer) -> None:
    steps: list[str] = []

    class Runner(MemoryRunner):
        def run(self, caller: str, key: str, request_hash: str, work: Any) -> Any:
            steps.append("transaction")
            return super().run(caller, key, request_hash, work)

    api = Api(
        "x", verifier_of(issuer), AccessTable({"x.y": Rule(frozenset({"r"}), "own")}), Runner()
    )

    def keep(call: Call) -> str:
        steps.append("prepare")
        return call.key

    @api.command("/v1/x", "x.y", prepare=keep)
    def change(call: Call) -> Reply:
        return Reply(body={"kept": call.prepared})

    caller = Caller(api, issuer.issue("lan", "H40.01", ["r"]))
    answer = caller("POST", "/v1/x", headers={"Idempotency-Key": "k"}, json={})
    assert answer.json == {"kept": "k"}
    assert steps == ["prepare", "transaction"]


def test_passing_trouble_is_503_with_a_time_to_come_back_and_no_incident() -> None:
    api = Api("x", passing=lambda error: isinstance(error, ConnectionError))

    @api.open("/v1/x")
    def look(_call: Call) -> Reply:
        raise ConnectionError("the database is away")

    answer = Caller(api, "")("GET", "/v1/x")
    problem = answer.json or {}
    assert (answer.status_code, problem["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"]
    assert "incident" not in problem
