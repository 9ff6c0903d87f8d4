"""Key phrases of a document: TF-IDF and position, phrase-aware, with counts merged over the forms of a name."""

from textnorm.normalizers.keyphrases.candidates import Cluster
from textnorm.normalizers.keyphrases.normalizer import Keyphrases, make_keyphrases
from textnorm.normalizers.keyphrases.score import KeyPhrase

__all__ = ["Cluster", "KeyPhrase", "Keyphrases", "make_keyphrases"]
