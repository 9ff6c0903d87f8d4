"""Light filtering: which sentences of a document are peripheral to it."""

from textnorm.normalizers.light_filter.centrality import Encoder
from textnorm.normalizers.light_filter.normalizer import LightFilter, SentenceScore, make_light_filter

__all__ = ["Encoder", "LightFilter", "SentenceScore", "make_light_filter"]
