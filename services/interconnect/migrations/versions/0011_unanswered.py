"""What the axis took from us in the last days is found without a look at the rest."""

from libs.db.script import run_script

revision = "0011"
down_revision = "0010"

INDEX = """
CREATE INDEX delivery_on_axis ON interconnect.delivery (sent_at)
    WHERE channel = 'axis' AND transport = 'sent';
"""


def upgrade() -> None:
    run_script(INDEX)
