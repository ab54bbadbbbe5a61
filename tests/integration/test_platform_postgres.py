"""The private PostgreSQL cluster keeps its promises: own, walled by roles, durable."""

from contextlib import closing

import psycopg2
import pytest

from tests.support.servers import PostgresForTests
from tools.platform.database import ROLES
from tools.platform.postgres import Postgres
from tools.platform.postgres_home import PostgresError

pytestmark = pytest.mark.postgres


def ask(url: str, query: str) -> object:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
        return row[0] if row else None


@pytest.mark.parametrize("role", ROLES)
def test_each_role_enters_with_its_own_password(postgres: PostgresForTests, role: str) -> None:
    database = postgres.create_database().rpartition("/")[2]
    assert ask(postgres.url(database, role), "SELECT current_user") == role


def test_a_wrong_password_is_refused(postgres: PostgresForTests) -> None:
    postgres.create_database("walled")
    url = postgres.url("walled", "audit").replace("audit:", "directory:")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(url)


def test_what_was_committed_is_durable(postgres: PostgresForTests) -> None:
    url = postgres.create_database()
    assert (ask(url, "SHOW fsync"), ask(url, "SHOW synchronous_commit")) == ("on", "on")


def test_a_service_role_cannot_create_tables(postgres: PostgresForTests) -> None:
    database = postgres.create_database().rpartition("/")[2]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(postgres.url(database, "documents"), "CREATE TABLE mine ()")


def test_a_server_of_somebody_else_on_the_port_is_not_taken_for_ours(
    postgres: PostgresForTests,
) -> None:
    credentials = postgres.server.credentials
    stranger = Postgres(credentials.folder.parent / "other", postgres.port, credentials)
    with pytest.raises(PostgresError, match="another server"):
        stranger.wait_until_ready(within=1)


def test_passwords_are_files_of_their_owner_alone(postgres: PostgresForTests) -> None:
    folder = postgres.server.credentials.folder
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
