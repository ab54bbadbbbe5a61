"""A token for an installation on this machine: keys of its people in SoftHSM, not in files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.pki import softhsm, store
from tools.pki.issue import init
from tools.platform.installation import Installation
from tools.platform.world import World


def with_token(folder: Path, world: World, owners: Sequence[str]) -> Mapping[str, str]:
    """Move the keys of `owners` into a token before the installation's first start.

    Returns the settings by which `Platform` takes the token up.
    """
    here = Installation.create(folder, {})
    subjects = [store.subject(entry) for entry in world.subjects]
    init(here.folder / "pki", subjects, port=here.ports["pki"])
    keys = here.folder / "pki" / "keys"
    token = softhsm.made(here.folder / "tokens", keys, owners)
    for owner in owners:
        for kind in ("p12", "pin"):
            (keys / f"{owner}.{kind}").unlink()
    return token.environment()
