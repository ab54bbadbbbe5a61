"""The signatures service over HTTP: what was signed, and what was found of a file."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.blobs import open_store
from libs.db import database_of
from libs.service import api_of
from libs.web.api import Api
from libs.web.call import Call, Reply
from libs.web.desk import add_desk
from libs.web.problems import not_found
from services.signatures import queries
from services.signatures.errors import SignaturesError
from services.signatures.settings import Settings

LARGEST_REPORT = 4 * 1024 * 1024


def build_api(settings: Settings) -> Api:
    """All routes of the service."""
    api = api_of("signatures", settings, SignaturesError)
    database = database_of(settings.database_url, "signatures")
    blobs = open_store(settings.blob_url)

    @api.query("/v1/signings/<uuid:document_id>", "signatures.read")
    def list_signatures(call: Call) -> Reply:
        """The signatures made on one of the agency's documents."""
        with database.unit() as unit:
            rows = queries.signatures_of(unit.connection, call.params["document_id"])
        if not rows:
            raise not_found()
        call.require_agency(rows[0]["agency_id"])
        return Reply(body={"signatures": [_shown(row) for row in rows]})

    @api.query("/v1/validations/<uuid:validation_id>", "signatures.read")
    def show_validation(call: Call) -> Reply:
        """A verdict with its whole report."""
        with database.unit() as unit:
            row = queries.validation_of(unit.connection, call.params["validation_id"])
        if row is None:
            raise not_found()
        call.require_agency(row["agency_id"])
        report = json.loads(blobs.read(row["report"], limit=LARGEST_REPORT))
        return Reply(body={**_shown(row), "report": report})

    add_desk(api, "/v1/desk/signatures", database, blobs)
    return api


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, value in row.items():
        if name != "position":
            shown[name] = _text(value)
    return shown


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
