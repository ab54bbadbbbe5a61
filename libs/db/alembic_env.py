"""The Alembic environment of every migrations folder: one connection, one schema's history."""

from alembic import context


def run() -> None:
    """Run the migrations on the connection that `libs.db.migrate` put into the configuration."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        version_table_schema=context.config.attributes["schema"],
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
