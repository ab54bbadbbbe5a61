"""An XML element as a value: what the packet types do not know travels on in this form."""

from dataclasses import dataclass

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
WHITE = " \t\r\n"

Attributes = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Element:
    """One element. Surrounding white space of its text, comments and prefixes are not kept.

    An attribute's name is `local` or `{namespace}local`.
    """

    name: str
    namespace: str = NAMESPACE
    attributes: Attributes = ()
    text: str = ""
    children: tuple["Element", ...] = ()

    @property
    def own_name(self) -> str:
        """The name as the standard spells it; empty in another namespace."""
        # The standard writes Bussiness; some axes write it right.
        return self.name.replace("Business", "Bussiness") if self.namespace == NAMESPACE else ""

    @property
    def blank(self) -> bool:
        """Whether there is no text in it, however deep."""
        return not self.text and all(child.blank for child in self.children)
