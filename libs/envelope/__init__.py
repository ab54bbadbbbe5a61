"""Our signed envelope: what two agencies' systems tell each other beside an edXML packet.

It names the packet's files by digest, counts the packets from one agency to another without a gap,
and in an answer says which step was done. docs/adr/0009-envelope.md says why it is as it is.
"""

from cryptography.x509 import Certificate

from libs.envelope.carrying import (
    CONTENT_TYPE,
    NAME,
    check_packet,
    files_of,
    find,
    put,
    without_envelope,
)
from libs.envelope.content import VERSION, Envelope, File, PairNumber, Step
from libs.envelope.errors import (
    AlgorithmRefused,
    CertificateNotValid,
    EnvelopeError,
    EnvelopeMalformed,
    EnvelopeTooLarge,
    PacketDiffers,
    RecipientWrong,
    SignatureWrong,
    SignerUnknown,
    VersionUnknown,
)
from libs.envelope.keys import KeyFolder, KeyUnusable, ServiceKey, certificate_of
from libs.envelope.sealing import MAX_BYTES, Trust, seal, unchecked, unseal

__all__ = [
    "CONTENT_TYPE",
    "MAX_BYTES",
    "NAME",
    "VERSION",
    "AlgorithmRefused",
    "Certificate",
    "CertificateNotValid",
    "Envelope",
    "EnvelopeError",
    "EnvelopeMalformed",
    "EnvelopeTooLarge",
    "File",
    "KeyFolder",
    "KeyUnusable",
    "PacketDiffers",
    "PairNumber",
    "RecipientWrong",
    "ServiceKey",
    "SignatureWrong",
    "SignerUnknown",
    "Step",
    "Trust",
    "VersionUnknown",
    "certificate_of",
    "check_packet",
    "files_of",
    "find",
    "put",
    "seal",
    "unchecked",
    "unseal",
    "without_envelope",
]
