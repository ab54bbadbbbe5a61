"""Why an envelope is not believed. No message repeats what is in it."""

from cryptography import x509


class EnvelopeError(Exception):
    """The envelope is not to be acted on; `code` says why."""

    code = "envelope_refused"


class EnvelopeTooLarge(EnvelopeError):
    """It is longer than any honest one."""

    code = "envelope_too_large"


class EnvelopeMalformed(EnvelopeError):
    """It is not written in the one way in which it may be; the message names the part."""

    code = "envelope_malformed"


class VersionUnknown(EnvelopeError):
    """It is of a version that this library does not know: newer software must read it."""

    code = "envelope_version_unknown"


class AlgorithmRefused(EnvelopeError):
    """The key or the algorithm is none of those agreed on."""

    code = "envelope_algorithm_refused"


class SignatureWrong(EnvelopeError):
    """It was altered, or the certificate in it is not its signer's."""

    code = "envelope_signature_wrong"


class SignerUnknown(EnvelopeError):
    """Well signed, with a certificate that is not known to be the sender's.

    At a first contact this is to be expected: a person compares `certificate` with the agency's
    word, and the directory registers it.
    """

    code = "envelope_signer_unknown"

    def __init__(self, agency: str, certificate: x509.Certificate) -> None:
        super().__init__("the certificate is not known to be the sender's")
        self.agency = agency
        self.certificate = certificate


class CertificateNotValid(EnvelopeError):
    """The certificate was not valid at the time that the envelope gives."""

    code = "envelope_certificate_not_valid"


class RecipientWrong(EnvelopeError):
    """It is for others: it came here by mistake, or somebody sends it on as his own."""

    code = "envelope_recipient_wrong"


class PacketDiffers(EnvelopeError):
    """The packet around it is not the one that it speaks of; `what` is the part that differs."""

    code = "envelope_packet_differs"

    def __init__(self, what: str) -> None:
        super().__init__(f"the packet differs in: {what}")
        self.what = what
