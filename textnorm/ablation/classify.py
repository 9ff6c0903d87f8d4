"""Predictions out of fold: TF-IDF of words and characters, logistic regression (scikit-learn)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textnorm.errors import DataError, MissingExtraError

IntArray = NDArray[np.int64]
FEATURE = "'textnorm ablate'"
#: Features that a layer may have at most, of each kind.
WORDS, CHARACTERS = 50_000, 50_000
#: Inverse strength of the L2 penalty.
C = 10.0


def require() -> str:
    """Return the version of scikit-learn.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import sklearn
    except ImportError as error:
        raise MissingExtraError(FEATURE, "scikit-learn", "ablation") from error
    return str(sklearn.__version__)


def folds_of(labels: IntArray, groups: IntArray, folds: int, repeats: int, seed: int) -> list[IntArray]:
    """Return for each repeat the fold of every text; stratified, equal texts in one fold.

    Equal texts in training and test would let a classifier remember instead of learn, and normalization makes more
    texts equal; groups are those of the original.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    found: list[IntArray] = []
    single = len(np.unique(groups)) == len(groups)
    kind: Any = StratifiedKFold if single else StratifiedGroupKFold
    for repeat in range(repeats):
        fold = np.zeros(len(labels), np.int64)
        cutter = kind(folds, shuffle=True, random_state=seed + repeat)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a group may be as large as a class
            for k, (_, test) in enumerate(cutter.split(labels, labels, groups)):
                fold[test] = k
        found.append(fold)
    return found


def predict(layers: Sequence[Sequence[str]], labels: IntArray, folds: Sequence[IntArray], seed: int) -> IntArray:
    """Return the predicted class of each text in each repeat ``[repeats, n]``, by models that have not seen it.

    Args:
        layers: the texts, or the texts in several layers, whose features stand side by side.
        labels: class of each text ``[n]``.
        folds: for each repeat the fold of each text ``[n]``.
        seed: of the classifier.

    Raises:
        DataError: the texts have no feature at all.
    """
    from scipy.sparse import hstack
    from sklearn.linear_model import LogisticRegression

    out = np.zeros((len(folds), len(labels)), np.int64)
    for repeat, fold in enumerate(folds):
        for k in range(int(fold.max()) + 1):
            train, test = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
            parts = [_features(layer, train, test) for layer in layers]
            x, y = (hstack([part[i] for part in parts]).tocsr() for i in (0, 1))
            if len(np.unique(labels[train])) < 2:  # all texts of the other classes are equal, and so in this fold
                out[repeat, test] = labels[train[0]]
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # not quite converged is good enough here, for all variants alike
                model = LogisticRegression(C=C, max_iter=200, random_state=seed)
                model.fit(x, labels[train])
            out[repeat, test] = model.predict(y)
    return out


def _features(texts: Sequence[str], train: IntArray, test: IntArray) -> tuple[Any, Any]:
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfVectorizer

    made = []
    for options in (
        {"ngram_range": (1, 2), "token_pattern": r"(?u)\w+|[^\w\s]", "max_features": WORDS},
        {"analyzer": "char_wb", "ngram_range": (2, 4), "max_features": CHARACTERS},
    ):
        vectorizer = TfidfVectorizer(sublinear_tf=True, dtype=np.float64, **options)
        try:
            x = vectorizer.fit_transform([texts[i] for i in train])
        except ValueError:  # no word, or no character, in any text
            continue
        made.append((x, vectorizer.transform([texts[i] for i in test])))
    if not made:
        msg = "The texts hold nothing that a classifier could count: no word and no character."
        raise DataError(msg)
    return tuple(hstack([pair[i] for pair in made]).tocsr() for i in (0, 1))
