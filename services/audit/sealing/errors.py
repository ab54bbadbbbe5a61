"""Why nothing is sealed: each needs a person, and none is mended by trying again at once."""


class SealingRefused(Exception):
    """Nothing was signed. `code` says why to programs, the text to people."""

    code = "sealing_refused"


class KeyMissing(SealingRefused):
    """The shard has no key here, or one that cannot be used."""

    code = "log_key_missing"


class TokenUnusable(KeyMissing):
    """The token with the keys is away, broke off, or refused its PIN: nobody knows what it has."""

    code = "log_token_unusable"


class AlreadySealing(SealingRefused):
    """Another process holds the sealer's folder."""

    code = "log_sealed_elsewhere"


class MemoryLost(SealingRefused):
    """What was signed last is not known here: the sealer's own folder is gone, old or damaged."""

    code = "log_memory_lost"


class FilesLost(SealingRefused):
    """The log's files are not those that were signed."""

    code = "log_files_lost"


class StoreIsOld(SealingRefused):
    """The store no longer holds what was sealed: an old backup was restored, or rows were lost."""

    code = "log_store_is_old"


class NotAsAppended(SealingRefused):
    """A row is not what the store's own functions write."""

    code = "log_row_not_as_appended"

    def __init__(self, stream: str, version: int, why: str) -> None:
        super().__init__(f"{stream[:300]!r}, version {version}: {why}")
        self.stream, self.version = stream, version


class DoesNotFollow(SealingRefused):
    """The checkpoint does not follow from the one that was signed last."""

    code = "log_does_not_follow"


class Contradicted(SealingRefused):
    """A witness shows a checkpoint of ours, or of a log not begun here, that we do not know."""

    code = "log_contradicted"


class NoRights(SealingRefused):
    """The database role may not read every category: events would be left out."""

    code = "log_no_rights"


class ForkRefused(SealingRefused):
    """The log cannot be forked, or need not be."""

    code = "log_fork_refused"
