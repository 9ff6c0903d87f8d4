"""The conformance suite: what every normalizer, ours or a third party's, must hold to.

``textnorm plugins check NAME`` runs it, and so do the tests of our own components.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textnorm.edits import Edit, Edits
from textnorm.errors import EditError

#: Texts that hurt: each has broken some normalizer.
NASTY_TEXTS: tuple[str, ...] = (
    "",
    " ",
    "\n",
    "\t \r\n \u2028\x85",
    "a",
    "Kaina 15 Eur, 2024 m. kovo 5 d. 14:30 val.",
    "Tel. +370 600 00000, el. p. vardas@example.lt, https://example.lt/a?b=1#c",
    "XIX a. pr., 3,5 mln. kv. km, −5 °C, 50 %, 1/2, 2:1, A4, II pasaulinis",
    "J. Jonaitis ir prof. dr. A. B. Petraitienė-Kazlauskė",
    "The price is $1,234.50 on 5 May 2024 at 3 p.m. (UTC+2).",
    "cafe\u0301 caf\u00e9 Z\u0334\u0310\u0342a\u0301\u0328lgo",
    "ka\u0303lnas \u0117\u0301 \u012f\u0307\u0301 nam\u0173\u0303",
    "\u0105\u010d\u0119\u0117\u012f\u0161\u0173\u016b\u017e \u0104\u010c\u0118\u0116\u012e\u0160\u0172\u016a\u017d",
    "A\u010dI\u016b \u201eAs\u201c \u2013 \u201aBe\u2018 \u2026",
    "\u00c4\u2026 \u00c5\u00be\u00c4\u2014 caf\u00c3\u00a9 \u00e2\u20ac\u0153x\u00e2\u20ac\x9d",
    "\ufeffBOM \ufeff a\u200bb\u200cc\u200dd\u00ade\u2060f\u200eg\u202eh\u202c",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f1f1\U0001f1f9 \U0001d54f5\U0001d7d8 \U00010348",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \u0915\u094d\u200d\u0937",
    "\u0e44\u0e17\u0e22 \u05e2\u05d1\u05e8\u05d9\u05ea",
    "\u0440\u0430y\u0440\u0430l \u041c\u043e\u0441\u043a\u0432\u0430 \u0391\u0392\u0393 A\u0412C",
    "\uff21\uff22\uff23\uff11\uff12 \ufb01nas \u2167 \u00bd \u00b2 \u33a1 \u2460 \u00aa",
    "a\u00a0b\u2009c\u202fd\u3000e  f   g",
    "\x00\x01\x1b[31mred\x1b[0m\x7f\x80\x9f",
    "&amp; &lt;b&gt; &#105; &nbsp;",
    "half a pair: \ud83d and \udc00",
    "\ufffd\ufffe\uffff\U0010ffff",
    "\u0301\u0301 starts with marks \u20dd",
    "5" * 400,
    "1.2.3.4.5.6.7.8.9.0" * 20,
    "((((((((((5))))))))))" * 10,
    "a." * 300,
    "I" * 200 + " MMMCMXCIX",
    "\u017dodis " * 300 + "5 kg",
    "-" * 300 + "5" + "-" * 300,
    "000000000000000000000000001 0,0,0,0 00:00:00 99999999999999999999999999",
    "31.02.2024 2024-13-45 25:61 1/0 0/0 -0 +-5 5--5 5\u20135\u20145",
)
#: The checks by name.
CHECKS = (
    "attributes",
    "shape",
    "bounds",
    "fields",
    "undo",
    "deterministic",
    "independent",
    "pure",
    "picklable",
    "idempotent",
)


@dataclass(frozen=True)
class Finding:
    """One breach of the contract.

    Attributes:
        check: which of :data:`CHECKS`.
        message: what is wrong.
        text: the text it shows on, or ``None``.
    """

    check: str
    message: str
    text: str | None = None

    def __str__(self) -> str:
        if self.text is None:
            return f"{self.check}: {self.message}"
        shown = ascii(self.text if len(self.text) <= 80 else f"{self.text[:80]}...")
        return f"{self.check}: {self.message} (text {shown})"


def check(normalizer: Any, texts: Sequence[str] | None = None, *, registered: str | None = None) -> list[Finding]:
    """Return every breach of the contract that a normalizer shows on some texts; none is the empty list.

    Args:
        normalizer: the component.
        texts: texts to try besides :data:`NASTY_TEXTS`, for example of the component's languages.
        registered: the name it is registered under, which must be its ``name``.
    """
    findings = list(_attributes(normalizer, registered))
    if not callable(normalizer):
        return findings
    inputs = [*NASTY_TEXTS, *(texts or ())]
    before = list(inputs)
    try:
        whole = normalizer(inputs)
    except Exception as error:
        findings.extend(_culprits(normalizer, before, error))
        return findings
    if inputs != before:
        findings.append(Finding("pure", "it changed the list of texts it was given"))
    shape = list(_shape(whole, len(before)))
    if shape:
        return [*findings, *shape]
    findings.extend(_rows(whole, before))
    if findings:
        return findings
    findings.extend(_same(normalizer, before, whole))
    if getattr(normalizer, "idempotent", False):
        findings.extend(_idempotent(normalizer, before, whole))
    return findings


def _attributes(normalizer: Any, registered: str | None) -> Iterator[Finding]:
    wanted: dict[str, Callable[[Any], bool]] = {
        "name": lambda v: isinstance(v, str) and v != "",
        "version": lambda v: isinstance(v, str) and v != "",
        "languages": lambda v: isinstance(v, tuple) and all(isinstance(code, str) for code in v),
        "scope": lambda v: v in ("text", "document"),
    }
    for name, fits in wanted.items():
        if not hasattr(normalizer, name):
            yield Finding("attributes", f"it lacks the attribute '{name}'")
        elif not fits(getattr(normalizer, name)):
            yield Finding("attributes", f"its '{name}' cannot be {getattr(normalizer, name)!r}")
    if not callable(normalizer):
        yield Finding("attributes", "it cannot be called")
    if registered is not None and getattr(normalizer, "name", registered) != registered:
        yield Finding("attributes", f"its name is '{normalizer.name}', but it is registered as '{registered}'")


def _culprits(normalizer: Any, texts: Sequence[str], error: Exception) -> Iterator[Finding]:
    found = False
    for text in texts:
        try:
            normalizer([text])
        except Exception as own:
            found = True
            yield Finding("shape", f"it raised {type(own).__name__}: {own}", text)
    if not found:
        yield Finding("independent", f"a batch raised {type(error).__name__}: {error}, but no text of it alone does")


def _shape(edits: Any, n: int) -> Iterator[Finding]:
    if not isinstance(edits, Edits):
        yield Finding("shape", f"it returned {type(edits).__name__}, not Edits")
    elif len(edits) != n:
        yield Finding("shape", f"it returned edits of {len(edits)} texts for {n}")


def _rows(edits: Edits, texts: Sequence[str]) -> Iterator[Finding]:
    for i in edits.touched_rows().tolist():
        row, text = edits.row(i), texts[i]
        for edit in row:
            if not 0 <= edit.start <= edit.end <= len(text):
                yield Finding("bounds", f"[{edit.start}, {edit.end}) lies outside a text of {len(text)}", text)
        wrong = [finding for edit in row for finding in _fields(edit, text)]
        yield from wrong
        if wrong:
            continue  # such edits cannot even be compared
        try:
            normal = Edits.from_rows([row])
        except EditError as error:
            yield Finding("bounds", str(error), text)
            continue
        if normal != edits[i : i + 1]:
            yield Finding("bounds", "the edits are not in normal order; build them with Edits.from_rows", text)
        try:
            target = normal.apply([text])
            back = normal.invert([text]).apply(target)
        except EditError:
            continue  # said above
        if back != [text]:
            yield Finding("undo", "undoing the edits does not give the text back", text)


def _fields(edit: Edit, text: str) -> Iterator[Finding]:
    if not (edit.replacement is None or isinstance(edit.replacement, str)):
        yield Finding("fields", f"a replacement cannot be {edit.replacement!r}", text)
    if not isinstance(edit.rule, str) or not edit.rule:
        yield Finding("fields", "an edit names no rule", text)
    if not isinstance(edit.label, str) or not edit.label:
        yield Finding("fields", "an edit has no label", text)
    if not (np.isfinite(edit.confidence) and 0 <= edit.confidence <= 1):
        yield Finding("fields", f"a confidence cannot be {edit.confidence}", text)
    try:
        json.dumps(edit.value, allow_nan=False)
    except (TypeError, ValueError) as error:
        yield Finding("fields", f"a value is no JSON: {error}", text)


def _same(normalizer: Any, texts: list[str], whole: Edits) -> Iterator[Finding]:
    if normalizer(texts) != whole:
        yield Finding("deterministic", "a second call gives other edits")
    if len(normalizer([])) != 0:
        yield Finding("shape", "no texts give edits of some")
    for i, text in enumerate(texts):
        if normalizer([text]) != whole[i : i + 1]:
            yield Finding("independent", "alone it gets other edits than among others", text)
    if normalizer(texts[::-1])[::-1] != whole:
        yield Finding("independent", "the edits depend on the order of the texts")
    parts = [normalizer(texts[i : i + 3]) for i in range(0, len(texts), 3)]
    if Edits.concat(parts) != whole:
        yield Finding("independent", "the edits depend on the size of the batch")
    if normalizer(tuple(texts)) != whole:
        yield Finding("shape", "a tuple of texts gives other edits than a list")
    try:
        again = pickle.loads(pickle.dumps(normalizer))
    except Exception as error:
        yield Finding("picklable", f"it cannot be pickled: {type(error).__name__}: {error}")
        return
    if again(texts) != whole:
        yield Finding("picklable", "after pickling it gives other edits")


def _idempotent(normalizer: Any, texts: list[str], whole: Edits) -> Iterator[Finding]:
    once = whole.apply(texts)
    twice = normalizer(once).apply(once)
    for text, first, second in zip(texts, once, twice, strict=True):
        if first != second:
            yield Finding("idempotent", f"twice gives {second[:80]!a}, once {first[:80]!a}", text)
