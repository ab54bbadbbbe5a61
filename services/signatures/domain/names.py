"""Whether two texts are the same name of a person or an agency, however they were typed.

The same name comes composed or decomposed, in capitals, with the tone on one or the other vowel
("Hòa", "Hoà"), with "UBND" written out, with i for y ("kỹ", "kĩ").
"""

import unicodedata

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_SHORT = {"ubnd": "ủy ban nhân dân", "hđnd": "hội đồng nhân dân", "tp": "thành phố"}


def same_name(one: str, other: str) -> bool:
    """Whether both name the same; an empty name is nobody's."""
    return bool(key_of(one)) and key_of(one) == key_of(other)


def key_of(name: str) -> str:
    """The form in which names are compared."""
    plain = "".join(
        letter if letter.isalnum() else " " for letter in unicodedata.normalize("NFC", name)
    )
    words = [_SHORT.get(word, word) for word in plain.casefold().split()]
    return " ".join(_syllable(word) for word in " ".join(words).split())


def _syllable(word: str) -> str:
    """The letters, then the tone: where in the syllable it was typed says nothing."""
    marks = unicodedata.normalize("NFD", word)
    tones = "".join(sorted(mark for mark in marks if mark in _TONES))
    bare = "".join(mark for mark in marks if mark not in _TONES)
    return bare.replace("y", "i") + tones
