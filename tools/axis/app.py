"""The axis as a WSGI application: limits, proof of the caller, replies and one log line each."""

import json
import time
import traceback
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from werkzeug import Request, Response
from werkzeug.exceptions import ClientDisconnected, HTTPException

from tools.axis.auth import authenticate
from tools.axis.endpoints import ENDPOINTS, Call
from tools.axis.refusal import BAD_REQUEST, SYSTEM_ERROR, Refusal
from tools.axis.store import Store

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MAX_HEADERS = 64
MAX_HEADER_BYTES = 64 * 1024


class Axis:
    """Serves `store` to the systems whose secrets are given.

    A refusal is 200 with status FAIL, as the SDK expects; 4xx means that the request was not even
    read, 500 (code 20) that it may be tried again.
    """

    def __init__(
        self, store: Store, system_secrets: Mapping[str, str], identity: str, log: TextIO
    ) -> None:
        self._store = store
        self._secrets = system_secrets
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
        try:
            if request.path == "/healthz":
                return _json({"status": "OK", "identity": self._identity})
            return self._serve(request, line)
        except Refusal as refusal:
            line["code"] = refusal.code
            return _fail(refusal.code, refusal.description)
        except ClientDisconnected:
            line["code"] = SYSTEM_ERROR
            return _fail(SYSTEM_ERROR, "the body did not arrive", 408)
        except HTTPException as error:
            line["code"] = BAD_REQUEST
            return _fail(BAD_REQUEST, error.name, error.code or 400)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            line |= {"code": SYSTEM_ERROR, "error": type(error).__name__}
            line["where"] = f"{where.name}:{where.lineno}"
            return _fail(SYSTEM_ERROR, "system error", 500)

    def _serve(self, request: Request, line: dict[str, Any]) -> Response:
        if request.path not in ENDPOINTS:
            return _fail(BAD_REQUEST, "no such method", 404)
        if request.method != "POST":
            return _fail(BAD_REQUEST, "only POST", 405)
        size = sum(len(name) + len(value) for name, value in request.headers)
        if len(request.headers) > MAX_HEADERS or size > MAX_HEADER_BYTES:
            return _fail(BAD_REQUEST, "headers are too many or too large", 431)
        endpoint, max_body = ENDPOINTS[request.path]
        request.max_content_length = max_body
        parameters = authenticate(request.headers, self._secrets, datetime.now(UTC))
        line["system"] = parameters["systemid"]
        reply = endpoint(Call(self._store, request, parameters))
        if isinstance(reply, Response):
            return reply
        line |= {"doc_id": reply["DocId"]} if "DocId" in reply else {}
        return _json({"status": "OK", "ErrorCode": "0", "ErrorDesc": "", **reply})


def _fail(code: str, description: str, http: int = 200) -> Response:
    return _json({"status": "FAIL", "ErrorCode": code, "ErrorDesc": description}, http)


def _json(body: Mapping[str, Any], http: int = 200) -> Response:
    return Response(json.dumps(body), status=http, content_type="application/json")
