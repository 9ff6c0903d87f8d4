"""Unicode repair: broken encodings, invisible and control characters, spaces, quotes, look-alikes, stress marks.

Every level has its own switch (:class:`Switches`) and its own module; ``docs/unicode.md`` describes them. The guiding
rule is ftfy's: never change correct text. What is a matter of taste (quotes, dashes, width, ligatures, look-alikes,
stress marks, HTML) is off until asked for.
"""

from textnorm.normalizers.unicode.normalizer import UnicodeNormalizer, make_unicode
from textnorm.normalizers.unicode.switches import Switches

__all__ = ["Switches", "UnicodeNormalizer", "make_unicode"]
