"""One witness as the log speaks to it (C2SP tlog-witness)."""

from dataclasses import dataclass
from hashlib import sha256

import requests
from urllib3.exceptions import HTTPError

from libs.translog import (
    Checkpoint,
    LogFiles,
    Malformed,
    Note,
    Signature,
    SignatureRefused,
    Submission,
    TranslogError,
    VerifierKey,
    decimal,
    prove_consistency,
)
from libs.translog.policy import Party
from libs.translog.signatures import check
from libs.translog.submission import PATH, SIZE_TYPE

_SECONDS = (3.05, 10)
_LONGEST = 64 * 1024
_ROUNDS = 2  # one to learn the size that the witness knows, one to be co-signed


class WitnessFailed(Exception):
    """No co-signature was to be had: the witness is away, or it `refused` the checkpoint."""

    def __init__(self, why: str, *, refused: bool = False) -> None:
        super().__init__(why)
        self.refused = refused


def has_signed(key: VerifierKey, note: Note) -> bool:
    """Tell whether a key has signed a note, whatever else stands under it."""
    try:
        note.signed_by([key])
    except SignatureRefused:
        return False
    return True


@dataclass(frozen=True)
class _Answer:
    status: int
    kind: str
    body: bytes


class Witness:
    """Asks one witness, one question at a time: it keeps its connection."""

    def __init__(self, party: Party) -> None:
        """A party with a URL, the witness's submission prefix."""
        assert party.url
        self.key: VerifierKey = party.key
        self._url = party.url.rstrip("/")
        self._known: dict[str, int] = {}
        self._session = requests.Session()
        self._session.headers["User-Agent"] = "lienthong-log"

    def cosign(self, note: Note, files: LogFiles) -> Signature:
        """Return the witness's co-signature of a checkpoint; `files` prove its growth.

        Raises `WitnessFailed`.
        """
        new = Checkpoint.parse(note.text)
        for _ in range(_ROUNDS):
            old = self._known.get(new.origin, 0)
            answer = self._ask("POST", PATH, self._submission(old, new, note, files))
            if answer.status == 200:
                signature = self._signature(answer.body, note)
                self._known[new.origin] = new.size
                return signature
            if not self._learn(answer, old, new):
                break
        why = f"{answer.status}: {answer.body[:200].strip()!r}"
        raise WitnessFailed(why, refused=answer.status < 500)

    def shows(self, origin: str, keys: list[VerifierKey]) -> Note | None:
        """The checkpoint that the witness last co-signed, if any of `keys` has signed it.

        None when it shows none, or nothing that is signed so. Raises `WitnessFailed`. May be asked
        while another thread waits for a co-signature.
        """
        with requests.Session() as session:
            path = f"/{sha256(origin.encode()).hexdigest()}/checkpoint"
            answer = self._ask("GET", path, session=session)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise WitnessFailed(f"{answer.status}: {answer.body[:200].strip()!r}")
        try:
            note = Note.parse(answer.body)
            ours = Checkpoint.parse(note.text).origin == origin
        except TranslogError:
            return None
        return note if ours and any(has_signed(key, note) for key in keys) else None

    def _submission(self, old: int, new: Checkpoint, note: Note, files: LogFiles) -> bytes:
        try:
            proof = prove_consistency(old, new.size, files.tile)
        except (TranslogError, OSError) as error:
            raise WitnessFailed(f"no proof from {old} to {new.size}: {error}") from error
        return bytes(Submission(old, tuple(proof), note))

    def _learn(self, answer: _Answer, old: int, new: Checkpoint) -> bool:
        """Whether the witness told another size, from which it may be asked again."""
        if answer.status != 409 or answer.kind != SIZE_TYPE:
            return False
        try:
            size = decimal(answer.body.decode("ascii").removesuffix("\n"))
        except (UnicodeDecodeError, Malformed):
            return False
        self._known[new.origin] = size
        return old != size <= new.size

    def _signature(self, content: bytes, note: Note) -> Signature:
        try:
            for line in content.decode("utf-8").removesuffix("\n").split("\n"):
                signature = Signature.parse(line)
                if check(note.text, signature, [self.key]):
                    return signature
        except (UnicodeDecodeError, TranslogError) as error:
            raise WitnessFailed(f"its answer is not a co-signature: {error}") from error
        raise WitnessFailed("its answer has no co-signature by its key")

    def _ask(
        self, method: str, path: str, body: bytes | None = None,
        session: requests.Session | None = None,
    ) -> _Answer:  # fmt: skip
        try:
            with (session or self._session).request(
                method, self._url + path, data=body, timeout=_SECONDS, allow_redirects=False,
                stream=True,
            ) as response:  # fmt: skip
                kind = response.headers.get("Content-Type", "").partition(";")[0]
                content = response.raw.read(_LONGEST)  # no more, whatever it sends
                return _Answer(response.status_code, kind, content)
        except (requests.RequestException, HTTPError, OSError) as error:
            raise WitnessFailed(type(error).__name__) from error
