"""Why no bundle can be made."""


class BundleRefused(Exception):
    """There is no bundle to be made; the message says why."""

    code = "bundle_refused"


class TraceUnknown(BundleRefused):
    """No sealed event belongs to the trace."""

    code = "trace_unknown"


class NotAsSealed(BundleRefused):
    """The store or its files are not what was sealed: a bundle would tell a lie."""

    code = "not_as_sealed"


class NotCaughtUp(BundleRefused):
    """The auditor's read models have not yet applied what was sealed."""

    code = "not_caught_up"


class TooLarge(BundleRefused):
    """Its files do not fit into one bundle."""

    code = "bundle_too_large"
