"""The methods of hubness correction, each as what it takes off a similarity.

Every method here is ``score(q, j) = <q, g_j> - sum_c e_c(q) * bias[j, c]``: columns of weighted terms, each term one
number an item that is taken from its similarities to a bank. With query bank Q, gallery bank V:

``softmax``: ``L_B(j; beta) = log(mean over b of exp(beta <b, g_j>)) / beta``;
``top``:     ``M_B(j; k)``, the mean of the k largest ``<b, g_j>``;
``mean``:    the mean of all ``<b, g_j>``.

Sources: inverted softmax: Smith, Turban, Hamblin, Hammerla (ICLR 2017), equation 5; CSLS: Lample, Conneau, Ranzato,
Denoyer, Jégou (ICLR 2018), section 2.3; dynamic inverted softmax: Bogolin, Croitoru, Jin, Liu, Albanie (QB-Norm, CVPR
2022), section 3.3; dual banks: Wang, Jian, Xue (DBNorm, 2023); NNN: Chowdhury, Wang, Wang, Jha, Oliva, Isola (EMNLP
2024). The means over the bank, where papers have sums, change no ranking.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from textnorm.errors import UsageError, choices

Bank = Literal["query", "gallery"]
Params = dict[str, float | int | bool]


@dataclass(frozen=True)
class Term:
    """One weighted number an item.

    Attributes:
        bank: whose similarities are taken.
        kind: ``softmax``, ``top`` or ``mean``.
        value: beta of a softmax, k of a top; 0 for a mean.
        weight: may be negative.
    """

    bank: Bank
    kind: Literal["softmax", "top", "mean"]
    value: float
    weight: float


@dataclass(frozen=True)
class Column:
    """Terms that are switched on together.

    Attributes:
        terms: summed.
        gate: bank whose activation set switches the column on, by the raw best item of a query; ``None``: always on.
    """

    terms: tuple[Term, ...]
    gate: Bank | None = None


@dataclass(frozen=True)
class Needs:
    """What a bank must be asked for.

    Attributes:
        betas: temperatures of softmax terms, ascending.
        k: largest k of top terms, 0 without.
        mean: whether a mean is wanted.
        gate: whether the activation set is wanted.
    """

    betas: tuple[float, ...] = ()
    k: int = 0
    mean: bool = False
    gate: bool = False

    def __or__(self, other: Needs) -> Needs:
        """Return what serves both."""
        betas = tuple(sorted({*self.betas, *other.betas}))
        return Needs(betas, max(self.k, other.k), self.mean or other.mean, self.gate or other.gate)


@dataclass(frozen=True)
class Method:
    """A method with its parameters; make one with :func:`make_method`.

    Attributes:
        name: ``is``, ``dis`` …
        params: all parameters.
        columns: of the bias.
    """

    name: str
    params: tuple[tuple[str, float | int | bool], ...]
    columns: tuple[Column, ...]

    @property
    def banks(self) -> tuple[Bank, ...]:
        """The banks that the method needs, the query bank first."""
        used = {term.bank for column in self.columns for term in column.terms}
        return tuple(bank for bank in BANKS if bank in used)

    @property
    def gated(self) -> bool:
        """Whether a column is switched by a gate."""
        return any(column.gate is not None for column in self.columns)

    def needs(self, bank: Bank) -> Needs:
        """Return what a bank must be asked for."""
        found = Needs(gate=any(column.gate == bank for column in self.columns))
        for column in self.columns:
            for term in column.terms:
                if term.bank == bank:
                    found |= _need(term)
        return found

    def __str__(self) -> str:
        """Return the name and the parameters, for people."""
        inside = ", ".join(f"{key}={value:g}" for key, value in self.params if not isinstance(value, bool))
        gate = ", gated" if self.gated and self.name not in ("dis", "dual-dis") else ""
        return f"{self.name} ({inside}{gate})"


BANKS: tuple[Bank, ...] = ("query", "gallery")


def _need(term: Term) -> Needs:
    if term.kind == "softmax":
        return Needs(betas=(term.value,))
    return Needs(k=int(term.value)) if term.kind == "top" else Needs(mean=True)


def _is(p: Params) -> list[Term]:
    return [Term("query", "softmax", p["beta"], 1.0)]


def _dual(p: Params) -> list[Term]:
    total = p["beta"] + p["beta_gallery"]
    return [
        Term("query", "softmax", p["beta"], p["beta"] / total),
        Term("gallery", "softmax", p["beta_gallery"], p["beta_gallery"] / total),
    ]


def _signed(p: Params) -> list[Term]:
    return [
        Term("query", "softmax", p["beta"], p["weight"]),
        Term("gallery", "softmax", p["beta_gallery"], p["weight_gallery"]),
    ]


def _csls(p: Params) -> list[Term]:
    return [Term("query", "top", p["k"], 0.5)]


def _nnn(p: Params) -> list[Term]:
    return [Term("query", "top", p["k"], p["alpha"])]


def _centering(p: Params) -> list[Term]:
    return [Term("query", "mean", 0.0, p["weight"])]


#: Method -> its terms and its parameters with their defaults; ``None`` must be given.
_METHODS: dict[str, tuple[Callable[[Params], list[Term]], dict[str, float | int | None]]] = {
    "is": (_is, {"beta": 20.0}),
    "dis": (_is, {"beta": 20.0}),
    "dual-is": (_dual, {"beta": 20.0, "beta_gallery": 5.0}),
    "dual-dis": (_dual, {"beta": 20.0, "beta_gallery": 5.0}),
    "csls": (_csls, {"k": 10}),
    "nnn": (_nnn, {"k": 128, "alpha": 0.75}),
    "centering": (_centering, {"weight": 1.0}),
    "signed": (_signed, {"beta": 20.0, "beta_gallery": 5.0, "weight": 1.0, "weight_gallery": None}),
}
#: Methods that are another one with its gate on.
_GATED = {"is": "dis", "dual-is": "dual-dis"}
METHODS = tuple(_METHODS)


def make_method(name: str, *, gated: bool = False, **params: float) -> Method:
    """Return a method.

    Args:
        name: one of :data:`METHODS`.
        gated: correct only queries whose raw best item is in the activation set of the bank; ``dis`` is ``is`` with
            its gate, ``dual-dis`` is ``dual-is`` with one gate a bank.
        params: ``beta``, ``beta_gallery`` (temperatures of unit vectors' inner products), ``k``, ``alpha``,
            ``weight``, ``weight_gallery``; those of the method.

    Raises:
        UsageError: there is no such method or parameter, one is missing or has a value that means nothing.
    """
    if name not in _METHODS:
        msg = f"There is no correction '{name}'. {choices(name, METHODS)}"
        raise UsageError(msg)
    terms, defaults = _METHODS[name]
    if unknown := set(params) - set(defaults):
        first = sorted(unknown)[0]
        msg = f"The correction '{name}' has no parameter '{first}'. {choices(first, defaults)}"
        raise UsageError(msg)
    values: Params = {}
    for key, default in defaults.items():
        value = params.get(key, default)
        if value is None:
            msg = f"The correction '{name}' needs {key}, chosen on development data (textnorm.retrieval.tuner)."
            raise UsageError(msg)
        values[key] = _checked(name, key, value)
    if gated and name in _GATED:
        name = _GATED[name]
    gated = gated or name in _GATED.values()
    found = terms(values)
    if not gated:
        columns: tuple[Column, ...] = (Column(tuple(found)),)
    else:
        columns = tuple(Column((term,), term.bank) for term in found)
        if name not in _GATED.values():
            values["gated"] = True
    return Method(name, tuple(values.items()), columns)


def _checked(name: str, key: str, value: float) -> float | int:
    """Return a parameter.

    Raises:
        UsageError: it is out of range.
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        msg = f"The correction '{name}' has {key} = {value!r}; a finite number is needed."
        raise UsageError(msg)
    if key.startswith("beta") and value <= 0:
        msg = f"The correction '{name}' has {key} = {value}; it must be above 0 (beta -> 0 is 'centering')."
        raise UsageError(msg)
    if key == "k":
        if value < 1 or value != int(value):
            msg = f"The correction '{name}' has k = {value}; a whole number from 1 is needed."
            raise UsageError(msg)
        return int(value)
    return float(value)
