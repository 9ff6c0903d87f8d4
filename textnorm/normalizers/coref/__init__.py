"""One name, many written forms: co-reference normalization of names within a document (docs/names.md).

The records of ``textnorm names`` are in `records`, the engine in `engine`; this package is the pipeline component.
"""

from textnorm.normalizers.coref.component import CorefNormalizer, make_coref
from textnorm.normalizers.coref.engine import NameResolver

__all__ = ["CorefNormalizer", "NameResolver", "make_coref"]
