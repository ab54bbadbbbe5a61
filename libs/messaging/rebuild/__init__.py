"""Rebuilding a service's read models from the store, beside those that serve, and the exchange."""

from libs.messaging.rebuild.refusal import RebuildRefused
from libs.messaging.rebuild.run import Outcome, Rebuild

__all__ = ["Outcome", "Rebuild", "RebuildRefused"]
