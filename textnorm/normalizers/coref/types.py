"""The types of names and the usual tags that are folded into them."""

from __future__ import annotations

TYPES = ("person", "organization", "place", "event", "product", "other")

#: Tag of other schemes (OntoNotes, CoNLL, ACE, LitBank, GUM …), lower case -> type.
TAGS: dict[str, str] = {
    **{name: name for name in TYPES},
    **dict.fromkeys(("per", "pers", "pers.", "b-per", "i-per", "people"), "person"),
    **dict.fromkeys(("org", "organisation", "company", "corporation", "institution"), "organization"),
    **dict.fromkeys(("loc", "gpe", "fac", "location", "facility", "geo"), "place"),
    **dict.fromkeys(("evt", "eve"), "event"),
    **dict.fromkeys(("prod", "veh", "vehicle", "wea"), "product"),
    **dict.fromkeys(("misc", "norp", "work_of_art", "law", "language", "money", "date", "time"), "other"),
    **dict.fromkeys(("abstract", "object", "substance", "animal", "plant"), "other"),
}


def known_type(tag: str) -> str | None:
    """Return the type of a tag, ``None`` where the tag is not known."""
    return TAGS.get(tag.lower())
