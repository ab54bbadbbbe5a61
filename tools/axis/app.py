"""The axis as a WSGI application: limits, proof of the caller, replies and one log line each."""

import hmac
import json
import time
import traceback
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from werkzeug import Request, Response
from werkzeug.exceptions import ClientDisconnected, HTTPException, MethodNotAllowed, NotFound

from tools.axis import endpoints, province
from tools.axis.auth import authenticate
from tools.axis.faults import RETRY_AFTER, Faults, clock_error, spoil
from tools.axis.refusal import BAD_CREDENTIALS, BAD_REQUEST, SYSTEM_ERROR, Refusal
from tools.axis.store import Store

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MAX_HEADERS = 64
MAX_HEADER_BYTES = 64 * 1024
MAX_PLAN = 16 * 1024
_SUCCESS: dict[str, Any] = {"success": True, "message": "OK"}


class Axis:
    """Serves `store` to the systems whose secrets are given; `admin` may switch faults on.

    By two interfaces: the national axis' own, and under /v1/ that of a province axis. A refusal is
    200 in the interface's form; 4xx means that the request was not even read, 500 (code 20) that it
    may be tried again.
    """

    def __init__(
        self,
        store: Store,
        system_secrets: Mapping[str, str],
        identity: str,
        log: TextIO,
        admin: str = "",
    ) -> None:
        self._store = store
        self._secrets = system_secrets
        self._admin = admin
        self._tokens = province.Tokens(system_secrets)
        self._faults = Faults()
        self._identity = identity
        self._log = log

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        request = Request(environ)
        line: dict[str, Any] = {"at": datetime.now(UTC).isoformat(), "event": "axis_request"}
        line |= {"method": request.method[:20], "path": request.path[:100]}
        started = time.monotonic()
        response = self._answer(request, line)
        line |= {"http": response.status_code, "ms": round(1000 * (time.monotonic() - started))}
        print(json.dumps(line), file=self._log, flush=True)
        return response(environ, start_response)

    def _answer(self, request: Request, line: dict[str, Any]) -> Response:
        """Return the reply, and tell `line` what is worth knowing: ids and codes, no secrets."""
        fail = _fail_province if request.path.startswith(province.PREFIX) else _fail
        try:
            if request.path == "/healthz":
                return _json({"status": "OK", "identity": self._identity})
            if request.path == "/faults" and self._admin:
                return self._administer(request)
            return self._serve(request, line)
        except Refusal as refusal:
            line["code"] = refusal.code
            return fail(refusal.code, refusal.description)
        except province.WrongToken:
            return fail(BAD_CREDENTIALS, "log in first", 401)
        except ClientDisconnected:
            line["code"] = SYSTEM_ERROR
            return fail(SYSTEM_ERROR, "the body did not arrive", 408)
        except HTTPException as error:
            line["code"] = BAD_REQUEST
            return fail(BAD_REQUEST, error.name, error.code or 400)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            line |= {"code": SYSTEM_ERROR, "error": type(error).__name__}
            line["where"] = f"{where.name}:{where.lineno}"
            return fail(SYSTEM_ERROR, "system error", 500)

    def _serve(self, request: Request, line: dict[str, Any]) -> Response:
        size = sum(len(name) + len(value) for name, value in request.headers)
        if len(request.headers) > MAX_HEADERS or size > MAX_HEADER_BYTES:
            return _fail(BAD_REQUEST, "headers are too many or too large", 431)
        # Not proven yet, and of no use but to be struck.
        claimed = request.headers.get("systemid") or request.headers.get("X-SystemId", "")
        drawn = self._faults.drawn(request.path.rpartition("/")[2], claimed)
        line |= {"faults": sorted(drawn)} if drawn else {}
        if "rate_limit" in drawn:
            return _fail(SYSTEM_ERROR, "too many requests", 429, {"Retry-After": str(RETRY_AFTER)})
        if "server_error" in drawn:
            return _fail(SYSTEM_ERROR, "out of order", 503)
        if "system_error" in drawn:
            raise Refusal(SYSTEM_ERROR, "system error")
        if "old" in drawn:
            raise NotFound
        if request.path.startswith(province.PREFIX):
            return spoil(drawn, self._serve_province(request, line, drawn))
        return spoil(drawn, self._serve_national(request, line, drawn))

    def _serve_national(
        self, request: Request, line: dict[str, Any], drawn: frozenset[str]
    ) -> Response:
        if request.path not in endpoints.ENDPOINTS:
            raise NotFound
        if request.method != "POST":
            raise MethodNotAllowed
        endpoint, request.max_content_length = endpoints.ENDPOINTS[request.path]
        parameters = authenticate(request.headers, self._secrets, _now(drawn))
        line["system"] = parameters["systemid"]
        if "wrong_hash" in drawn:
            parameters["hash-file"] = "0" * 64
        reply = endpoint(endpoints.Call(self._store, request, parameters, "sdk_hash" in drawn))
        if isinstance(reply, Response):
            return reply
        line |= {"doc_id": reply["DocId"]} if "DocId" in reply else {}
        if request.path == "/getReceivedEdocList":
            kind = parameters["messagetype"]
            reply["data"] = self._faults.rows(drawn, line["system"], kind, reply["data"])
        elif request.path == "/updateStatus" and parameters["status"] == "done":
            self._faults.done(line["system"], parameters["docid"])
        return _json({"status": "OK", "ErrorCode": "0", "ErrorDesc": "", **reply})

    def _serve_province(
        self, request: Request, line: dict[str, Any], drawn: frozenset[str]
    ) -> Response:
        if request.path == province.LOGIN and request.method == "POST":
            request.max_content_length = province.MAX_JSON
            return _json(_SUCCESS | self._tokens.log_in(request, datetime.now(UTC)))
        if (request.method, request.path) not in province.ENDPOINTS:
            raise NotFound
        endpoint, request.max_content_length = province.ENDPOINTS[request.method, request.path]
        line["system"] = system = self._tokens.system_of(request, _now(drawn))
        if "wrong_hash" in drawn:
            raise Refusal(BAD_REQUEST, "the file is damaged")
        reply = endpoint(province.Call(self._store, request, system))
        if isinstance(reply, Response):
            return reply
        line |= {"doc_id": reply["docId"]} if "docId" in reply else {}
        if request.path == "/v1/syncReceivedEdocList":
            kind = request.args["messageType"]
            reply["data"] = self._faults.rows(drawn, system, kind, reply["data"])
        elif request.path == "/v1/updateStatus":
            given = province.fields_of(request)
            if given["status"] == "done":
                self._faults.done(system, given["docId"])
        return _json(_SUCCESS | reply)

    def _administer(self, request: Request) -> Response:
        given = request.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {self._admin}".encode()):
            return _fail(BAD_CREDENTIALS, "not the admin", 401)
        if request.method == "POST":
            request.max_content_length = MAX_PLAN
            self._faults.replace(request.get_data())
        return _json({"status": "OK", "happened": self._faults.happened()})


def _fail(
    code: str, description: str, http: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return _json({"status": "FAIL", "ErrorCode": code, "ErrorDesc": description}, http, headers)


def _fail_province(code: str, description: str, http: int = 200) -> Response:
    data = {"docId": None, "status": "error", "errorCode": code, "errorDesc": description}
    return _json({"success": False, "message": description, "data": data}, http)


def _now(drawn: frozenset[str]) -> datetime:
    return datetime.now(UTC) + clock_error(drawn)


def _json(
    body: Mapping[str, Any], http: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(json.dumps(body), http, headers, content_type="application/json")
