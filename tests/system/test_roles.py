"""A login role of the database enters with its own password, and its own rooms alone."""

from contextlib import closing

import psycopg2
import pytest
from psycopg2.errors import InsufficientPrivilege

from tools.platform import Platform
from tools.platform.database import SERVICES

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq]


@pytest.mark.parametrize("role", [*SERVICES, "relay", "monitor", "migrator"])
def test_a_role_with_a_wrong_password_is_refused(platform: Platform, role: str) -> None:
    password = platform.installation.credentials.get(f"database.{role}")
    url = platform.database_url(role)
    assert password in url
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(url.replace(password, password[:-1]))


@pytest.mark.parametrize("role", SERVICES)
def test_a_service_cannot_read_anothers_schema(platform: Platform, role: str) -> None:
    with closing(psycopg2.connect(platform.database_url(role))) as database:
        database.autocommit = True
        with database.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {role}.command")  # noqa: S608
            for other in set(SERVICES) - {role}:
                with pytest.raises(InsufficientPrivilege):
                    cursor.execute(f"SELECT count(*) FROM {other}.command")  # noqa: S608


@pytest.mark.parametrize("role", [*SERVICES, "relay", "monitor"])
def test_nobody_changes_what_has_happened(platform: Platform, role: str) -> None:
    with closing(psycopg2.connect(platform.database_url(role))) as database:
        database.autocommit = True
        with database.cursor() as cursor:
            for statement in (
                "UPDATE es.event SET agency = 'x'",
                "DELETE FROM es.event",
                "INSERT INTO es.event SELECT * FROM es.event",
                "TRUNCATE es.event",
            ):
                with pytest.raises(InsufficientPrivilege):
                    cursor.execute(statement)
