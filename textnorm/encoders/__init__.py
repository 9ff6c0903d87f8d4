"""Text to vectors: static encoders trained in seconds on a CPU, sentence-transformers models, a cache on disk."""

from textnorm.encoders.features import FeatureSettings
from textnorm.encoders.load import load_encoder
from textnorm.encoders.pairs import PairSource, attributes_source, names_source, parents_source
from textnorm.encoders.protocol import Encoder
from textnorm.encoders.static import StaticEncoder
from textnorm.encoders.train import TrainEvent, TrainSettings, train_static

__all__ = [
    "Encoder",
    "FeatureSettings",
    "PairSource",
    "StaticEncoder",
    "TrainEvent",
    "TrainSettings",
    "attributes_source",
    "load_encoder",
    "names_source",
    "parents_source",
    "train_static",
]
