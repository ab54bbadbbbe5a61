"""An XML element as a value: what the packet types do not know travels on in this form."""

from dataclasses import dataclass

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
WHITE = " \t\r\n"


@dataclass(frozen=True)
class Element:
    """One element. Surrounding white space of its text, comments and prefixes are not kept.

    An attribute's name is `local` or `{namespace}local`.
    """

    name: str
    namespace: str = NAMESPACE
    attributes: tuple[tuple[str, str], ...] = ()
    text: str = ""
    children: tuple["Element", ...] = ()

    def is_own(self, name: str) -> bool:
        """Tell whether this is edXML's element `name`, in either spelling of Bus(s)iness."""
        return self.namespace == NAMESPACE and self.known_name == name

    @property
    def known_name(self) -> str:
        # The standard's misspelling rules; some axes write it right.
        return self.name.replace("Business", "Bussiness")

    @property
    def blank(self) -> bool:
        """Whether there is no text in it, however deep."""
        return not self.text and all(child.blank for child in self.children)
