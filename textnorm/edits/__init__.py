"""The one idea of textnorm: a normalizer never changes text, it returns edits.

An edit is ``(start, end, replacement, label, rule, confidence, value)`` against its input, in code points. A
replacement of ``None`` is an annotation: it marks the span and leaves the text. ``""`` deletes.

:class:`Edits` holds the edits of many texts in columns and has the algebra (apply, compose, invert, map); its laws are
in ``docs/edits.md`` and are proved by property tests. :class:`Normalized` is the face for a single text.
"""

from textnorm.edits.columns import Edits, EditsBuilder
from textnorm.edits.edit import Edit
from textnorm.edits.text import Normalized

__all__ = ["Edit", "Edits", "EditsBuilder", "Normalized"]
