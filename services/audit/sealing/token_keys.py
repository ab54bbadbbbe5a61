"""The log's keys in a token or HSM (PKCS#11): one Ed25519 pair for each shard, made there.

A pair's label is its shard's origin, so that one token may serve several logs. The secret never
leaves the token; what it signs is checked with the public key before anybody sees it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass, exceptions
from pkcs11.util.ec import encode_named_curve_parameters

from libs.pkcs11.place import TokenError, TokenPlace
from libs.pkcs11.session import TokenSession, objects
from libs.translog import Signer, Use, VerifierKey
from libs.translog.keys import PUBLIC_SIZE
from services.audit.sealing.errors import KeyMissing, TokenUnusable
from services.audit.sealing.shards import ShardName, origin_of

_ED25519 = encode_named_curve_parameters("1.3.101.112")  # RFC 8410, section 3
# CKA_EC_POINT: an octet string (PKCS#11 2.40), a bit string (some of 3.0), or the bytes (3.1).
_WRAPPINGS = (b"\x04\x20", b"\x03\x21\x00", b"")

T = TypeVar("T")


class TokenKeys:
    """Keys in a token, which is opened at the first need, and again after it broke off."""

    def __init__(self, place: TokenPlace, base: str) -> None:
        """`base` is the log's origin, to which a shard's name is added."""
        self._label, self._base = place.label, base
        self._token = TokenSession(place)
        self._found: dict[str, tuple[Any, VerifierKey]] = {}

    def __repr__(self) -> str:
        return f"TokenKeys({self._label!r})"

    def signer(self, name: ShardName) -> Signer:
        """See `Keys`. Raises `TokenUnusable` while nothing is known of what the token holds."""
        origin = origin_of(self._base, name)
        _, key = self._within(partial(self._pair, origin=origin))
        return Signer(key, partial(self._sign, key))

    def make(self, name: ShardName) -> Signer:
        """Make a shard's key, unless it is there."""
        self._within(partial(_make, origin=origin_of(self._base, name)))
        return self.signer(name)

    def check(self) -> list[str]:
        """The names of the keys that the token shows without its PIN.

        Raises `TokenUnusable` when the sealer could not open it.
        """
        try:
            self._token.check()
            with self._token.token().open() as session:
                shown = objects(session, _attributes(ObjectClass.PUBLIC_KEY))
                labels = {str(each[Attribute.LABEL]) for each in shown}
        except exceptions.PKCS11Error as error:
            raise TokenUnusable(str(self._broken_off(error))) from None
        except TokenError as error:
            raise TokenUnusable(str(error)) from None
        return sorted(label for label in labels if label.startswith(f"{self._base}/"))

    def log_in(self) -> None:
        """Give the PIN once though a wrong one was given: see `TokenSession.log_in`."""
        try:
            self._token.log_in()
        except TokenError as error:
            raise TokenUnusable(str(error)) from None

    def _sign(self, key: VerifierKey, message: bytes) -> bytes:
        def sign(session: Any) -> bytes:
            private, found = self._pair(session, key.name)
            if found != key:
                raise KeyMissing(f"token {self._label!r} has another key of {key.name} by now")
            return bytes(private.sign(message, mechanism=Mechanism.EDDSA))

        signature = self._within(sign)
        if not key.verifies(message, signature):
            raise KeyMissing(f"token {self._label!r}: the keys of {key.name} are not one pair")
        return signature

    def _within(self, act: Callable[[Any], T]) -> T:
        """Act in the token's session; once more in a new one if the old one broke off meanwhile."""
        try:
            if self._token.current is not None:
                try:
                    return act(self._token.current)
                except exceptions.PKCS11Error as error:
                    self._broken_off(error)
            return act(self._token.opened())
        except exceptions.PKCS11Error as error:
            raise TokenUnusable(str(self._broken_off(error))) from None
        except TokenError as error:
            raise TokenUnusable(str(error)) from None

    def _broken_off(self, error: Exception) -> TokenError:
        self._found.clear()
        return self._token.broken_off(error)

    def _pair(self, session: Any, origin: str) -> tuple[Any, VerifierKey]:
        """The private key and what verifies its signatures; raises `KeyMissing`."""
        if origin not in self._found:
            private = objects(session, _attributes(ObjectClass.PRIVATE_KEY, origin))
            public = objects(session, _attributes(ObjectClass.PUBLIC_KEY, origin))
            there = f"token {self._label!r} has"
            if not private and not public:
                raise KeyMissing(f"{there} no key of {origin}: make it with `lienthong log key`")
            if len(private) != 1 or len(public) != 1:
                found = f"{len(private)} private and {len(public)} public keys"
                raise KeyMissing(f"{there} {found} of {origin}, not one pair")
            point = _raw(bytes(public[0][Attribute.EC_POINT]))
            if point is None:
                raise KeyMissing(f"{there} a key of {origin} that is not Ed25519")
            self._found[origin] = private[0], VerifierKey(origin, Use.NOTE, point)
        return self._found[origin]


def _make(session: Any, origin: str) -> None:
    if objects(session, _attributes(ObjectClass.PRIVATE_KEY, origin)):
        return
    with session.token.open(rw=True) as writing:
        curve = writing.create_domain_parameters(
            KeyType.EC_EDWARDS, {Attribute.EC_PARAMS: _ED25519}, local=True
        )
        curve.generate_keypair(
            mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
            store=True,
            label=origin,
            id=origin.encode(),
            public_template={Attribute.PRIVATE: False},
            private_template={
                Attribute.PRIVATE: True,
                Attribute.SENSITIVE: True,
                Attribute.EXTRACTABLE: False,
            },
        )


def _attributes(kind: ObjectClass, origin: str | None = None) -> dict[Attribute, Any]:
    wanted = {Attribute.CLASS: kind, Attribute.KEY_TYPE: KeyType.EC_EDWARDS}
    return {**wanted, Attribute.LABEL: origin} if origin else wanted


def _raw(point: bytes) -> bytes | None:
    """The public key's 32 bytes; None of another curve."""
    for wrapping in _WRAPPINGS:
        if point.startswith(wrapping) and len(point) == len(wrapping) + PUBLIC_SIZE:
            return point.removeprefix(wrapping)
    return None
