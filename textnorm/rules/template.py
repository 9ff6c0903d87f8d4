"""Readings: small templates that say how the groups of a match are spoken.

``{y:year gen} metų {m:month gen} {d:ord f @acc} {=diena | @acc}`` is four slots and literals. A slot names a group of
the pattern, a function of the language's reader and its arguments; ``{=diena | @acc}`` hands the words after ``=`` to
the function ``word``, which inflects them. ``{{`` and ``}}`` are braces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SLOT = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAMED = re.compile(r"(\w+):(\w+)((?:\s+[@\w=.+-]+)*)\s*\Z")


class TemplateError(ValueError):
    """A reading that cannot be parsed."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of a reading.

    Attributes:
        group: name of the pattern's group whose text is read, or ``""`` where ``text`` is given.
        function: name of the reader's function.
        args: its arguments, as written.
        text: literal words for a ``{=...}`` slot.
    """

    group: str
    function: str
    args: tuple[str, ...] = ()
    text: str = ""


Part = str | Slot


def parse(template: str) -> tuple[Part, ...]:
    """Return the parts of a reading.

    Raises:
        TemplateError: an unclosed brace or a slot in no known form.
    """
    parts: list[Part] = []
    literal = ""
    at = 0
    for match in _SLOT.finditer(template):
        literal += template[at : match.start()]
        at = match.end()
        if match[0] in ("{{", "}}"):
            literal += match[0][0]
            continue
        if match[1] is None:
            msg = f"a single '{match[0]}' in the reading '{template}' (write it twice to mean the sign)"
            raise TemplateError(msg)
        if literal:
            parts.append(literal)
            literal = ""
        parts.append(_slot(match[1], template))
    literal += template[at:]
    if literal:
        parts.append(literal)
    return tuple(parts)


def _slot(body: str, template: str) -> Slot:
    if body.startswith("="):
        words, _, args = body[1:].partition("|")
        return Slot("", "word", tuple(args.split()), words.strip())
    match = _NAMED.match(body)
    if match is None:
        msg = f"the slot '{{{body}}}' of '{template}' is not {{group:function arguments}} or {{=words | arguments}}"
        raise TemplateError(msg)
    return Slot(match[1], match[2], tuple(match[3].split()))
