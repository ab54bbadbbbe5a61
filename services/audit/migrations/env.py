from libs.db.alembic_env import run

run()
