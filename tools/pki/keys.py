"""Signing with keys that are parsed once.

certomancer parses the private key for every answer, and parsing an RSA key proves its primes: fifty
times the work of the signature itself.
"""

from functools import cache
from typing import Any

from asn1crypto import algos, keys
from certomancer import crypto_utils
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_der_private_key


class _ParsedOnce(crypto_utils.PycaCryptographyBackend):  # type: ignore[misc]
    def generic_sign(
        self,
        private_key: keys.PrivateKeyInfo,
        tbs_bytes: bytes,
        sd_algo: algos.SignedDigestAlgorithm,
    ) -> bytes:
        if sd_algo.signature_algo != "rsassa_pkcs1v15":
            return bytes(super().generic_sign(private_key, tbs_bytes, sd_algo))
        digest = getattr(hashes, sd_algo.hash_algo.upper())()
        signature: bytes = _parsed(private_key.dump()).sign(tbs_bytes, padding.PKCS1v15(), digest)
        return signature


@cache
def _parsed(der: bytes) -> Any:
    return load_der_private_key(der, password=None)


def parse_once() -> None:
    """Let everything that certomancer signs in this process use keys that stay parsed."""
    crypto_utils.CRYPTO_BACKEND = _ParsedOnce()
