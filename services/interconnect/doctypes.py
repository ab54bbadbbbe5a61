"""The 29 types of Decree 30/2020/NĐ-CP (article 7) as edXML names them: number and name.

The number is the type's place in the decree's list, as the Government Office sends it; the code is
the abbreviation, with CV and ThC for the two that have none.
"""

from libs.decree30 import COPY_NAMES, TYPE_NAMES

_BY_CODE = {code: (str(number), name) for number, (code, name) in enumerate(TYPE_NAMES, start=1)}


def wire_type(code: str) -> tuple[str, str]:
    """(Type, TypeName) of a type code; a copy has no number, a strange one is its own name."""
    return _BY_CODE.get(code) or ("", dict(COPY_NAMES).get(code, code))
