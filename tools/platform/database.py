"""Roles and databases of an installation on a PostgreSQL server, made by its administrator."""

from contextlib import closing
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from psycopg2.extensions import encrypt_password

from tools.platform.credentials import Credentials

OWNER = "migrator"
SERVICES = ("directory", "documents", "workflow", "signatures", "interconnect", "audit")
ROLES = (OWNER, "relay", *SERVICES, "monitor")
"""Login roles of the installation, each with a password of its own."""


class DatabaseServer:
    """A server that `admin_url` enters as a role that may create roles and databases.

    It must be this installation's alone: roles and their passwords are the whole server's.
    """

    def __init__(self, admin_url: str, credentials: Credentials) -> None:
        self.admin_url = admin_url
        self.credentials = credentials

    def create_roles(self) -> None:
        """Create the missing login roles, and set every role's password to the one on file."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT rolname FROM pg_roles")
            known = {name for (name,) in cursor.fetchall()}
            for role in ROLES:
                # The server never sees the password itself, and its log cannot show it.
                verifier = encrypt_password(
                    self.credentials.get(f"database.{role}"), role, connection, "scram-sha-256"
                )
                verb = sql.SQL("ALTER" if role in known else "CREATE")
                statement = sql.SQL("{} ROLE {} LOGIN PASSWORD {}")
                cursor.execute(statement.format(verb, sql.Identifier(role), sql.Literal(verifier)))
            cursor.execute("GRANT pg_monitor TO monitor")

    def create_database(self, name: str, template: str = "template0") -> str:
        """Create a database that `migrator` owns and only our roles enter; return its owner's URL.

        A `template` must have no connection open while it is copied.
        """
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
            _wall(cursor, name)
        return self.url(name, OWNER)

    def ensure_database(self, name: str) -> str:
        """Create the database unless it exists; it gets our owner and walls either way."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone() is not None:
                _wall(cursor, name)
                return self.url(name, OWNER)
        return self.create_database(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, ending the connections to it."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            cursor.execute(statement.format(sql.Identifier(name)))

    def url(self, database: str, role: str) -> str:
        """Return the connection URL of a role, password included."""
        admin = urlsplit(self.admin_url)
        password = self.credentials.get(f"database.{role}")
        where = f"{role}:{password}@{admin.hostname}:{admin.port or 5432}"
        return urlunsplit(("postgresql", where, f"/{quote(database, safe='')}", admin.query, ""))

    def connect(self) -> Connection:
        """Return a connection of the administrator, each statement its own transaction."""
        connection = psycopg2.connect(self.admin_url, connect_timeout=5)
        connection.autocommit = True
        return connection


def _wall(cursor: Cursor, name: str) -> None:
    """Let `migrator` own a database and our roles alone enter it."""
    database, owner = sql.Identifier(name), sql.Identifier(OWNER)
    roles = sql.SQL(", ").join(map(sql.Identifier, ROLES))
    for statement in (
        sql.SQL("ALTER DATABASE {} OWNER TO {}").format(database, owner),
        sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database),
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, roles),
        # `lienthong replay --seen` makes read models of the past in temporary tables.
        sql.SQL("GRANT TEMPORARY ON DATABASE {} TO audit").format(database),
    ):
        cursor.execute(statement)
