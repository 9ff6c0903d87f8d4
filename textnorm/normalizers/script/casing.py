"""Capitals of a word that was read in lower case."""

from __future__ import annotations


def recase(source: str, reading: str) -> str:
    """Return a reading with the capitals of its source: all of them, the first, or letter by letter.

    Where the lengths differ and only some letters inside are capitals, nothing says which of the reading's should be:
    then the source is returned as it is.
    """
    if source.islower():
        return reading
    if len(source) == len(reading):
        made = "".join(r.upper() if s.isupper() else r for s, r in zip(source, reading, strict=True))
        return made if len(made) == len(reading) else source
    if source.isupper() and sum(map(str.isalpha, source)) > 1:
        return reading.upper()
    if source[:1].isupper() and not any(map(str.isupper, source[1:])):
        return reading[:1].upper() + reading[1:]
    return source
