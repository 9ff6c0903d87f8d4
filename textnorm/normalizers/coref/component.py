"""The pipeline component ``coref``: names of a document annotated with their clusters, or rewritten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from textnorm.edits import Edit, Edits
from textnorm.errors import ConfigError
from textnorm.normalizers.coref.engine import AUTO, Cluster, NameResolver
from textnorm.normalizers.coref.rewrite import Policy, check_policy, read_ids, replaced_part, rewritten, target_of
from textnorm.normalizers.coref.state import Form
from textnorm.normalizers.coref.text import split_words
from textnorm.normalizers.coref.types import TYPES
from textnorm.protocols import Scope

LABEL = "NAME"


class CorefNormalizer:
    """Marks every name with its cluster; rewriting is opt-in.

    The value of an edit is ``{"cluster", "canonical", "type", "sieve", "form"}``: the number of the cluster in the
    document, its canonical form and type, and what linked this form to which other (``null`` for the first).

    Args:
        resolver: brings the names together.
        rewrite: what mentions become; ``None`` annotates only.
        ids: folded name -> id, for the policy ``kb_id``.
        types: types that are rewritten; all are annotated.
        min_confidence: clusters below it are annotated, never rewritten.
    """

    name = "textnorm.coref.v1"
    scope: Scope = "document"

    def __init__(
        self,
        resolver: NameResolver,
        rewrite: Policy | None = None,
        ids: Mapping[tuple[str, ...], str] | None = None,
        types: Sequence[str] = TYPES,
        min_confidence: float = 0.0,
    ) -> None:
        self.resolver = resolver
        self.rewrite = rewrite
        self.ids = dict(ids or {})
        self.types = frozenset(types)
        self.min_confidence = min_confidence
        self.version = resolver.version
        self.languages = resolver.codes
        self.fingerprint = f"{resolver.version}+{sorted(self.ids.items())}"

    def __call__(self, texts: Sequence[str]) -> Edits:
        """Return the edits of each document."""
        return Edits.from_rows([self._edits(text) for text in texts])

    def _edits(self, text: str) -> list[Edit]:
        doc = split_words(text)
        code = self.resolver.code_of(doc.words)
        mentions = self.resolver.find(doc.words, code)
        found = self.resolver.resolve(doc.words, mentions, code)
        inflector = self.resolver.part(code).inflector
        marks: list[Edit] = []
        changes: list[Edit] = []
        for number, cluster in enumerate(found.clusters):
            links = {form: (sieve, other) for form, other, sieve, _ in cluster.evidence}
            target = None
            if self.rewrite and cluster.type in self.types and cluster.confidence >= self.min_confidence:
                target = target_of(cluster, self.rewrite, self.ids, inflector, found.lemmas)
            for form in cluster.forms:
                value = _value(number, cluster, form, links)
                rule = f"coref.{cluster.type}"
                for k in form.mentions:
                    first, last, words, _ = mentions[k]
                    start, end = doc.start[first], doc.end[last - 1]
                    part = None if target is None else replaced_part(form, words)
                    if target is not None and part is not None:
                        core = words[part[0] : part[1]]
                        new = rewritten(form, core, target, cluster.type, inflector, found.lemmas)
                        a, b = doc.start[first + part[0]], doc.end[first + part[1] - 1]
                        if new is not None and new != text[a:b]:
                            changes.append(Edit(a, b, new, LABEL, rule, cluster.confidence, value))
                            continue
                    marks.append(Edit(start, end, None, LABEL, rule, cluster.confidence, value))
        return _apart(marks, changes) if changes else marks


def _value(number: int, cluster: Cluster, form: Form, links: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    sieve, other = links.get(" ".join(form.shape.words), (None, None))
    return {
        "cluster": number,
        "canonical": cluster.canonical,
        "type": cluster.type,
        "sieve": sieve,
        "form": other,
    }


def _apart(marks: list[Edit], changes: list[Edit]) -> list[Edit]:
    """Keep the outer one of nested changes, and no marks inside of what changes."""
    changes.sort(key=lambda edit: (edit.start, -edit.end))
    kept: list[Edit] = []
    for edit in changes:
        if not kept or edit.start >= kept[-1].end:
            kept.append(edit)
    out = list(kept)
    at = 0
    for mark in sorted(marks, key=lambda edit: (edit.start, edit.end)):
        while at < len(kept) and kept[at].end <= mark.start:
            at += 1
        if at == len(kept) or kept[at].start >= mark.end:
            out.append(mark)
    return out


def make_coref(
    language: str = AUTO,
    *,
    tables: Sequence[str] = (),
    off: Sequence[str] = (),
    rewrite: str | None = None,
    ids: str | None = None,
    types: Sequence[str] = TYPES,
    min_confidence: float = 0.0,
) -> CorefNormalizer:
    """Return the component registered as ``textnorm.coref.v1``.

    Args:
        language: code of a language with tables of names, or ``auto``: each document's own.
        tables: folders or files laid over the built-in tables.
        off: sieves to leave out.
        rewrite: ``most_frequent``, ``longest``, ``first``, ``nominative`` or ``kb_id``; ``None`` annotates only.
        ids: TSV with the columns ``name`` and ``id``, for ``kb_id``.
        types: types that are rewritten.
        min_confidence: 0 to 1; clusters below it are not rewritten.

    Raises:
        ConfigError: a policy, type or share that does not exist.
        UnknownNameError: no such language or sieve.
        UsageError: a table that cannot be used.
    """
    for type_ in types:
        if type_ not in TYPES:
            msg = f"The option 'types' takes {', '.join(TYPES)}, not '{type_}'."
            raise ConfigError(msg)
    if not 0 <= min_confidence <= 1:
        msg = f"The option 'min_confidence' lies between 0 and 1, not {min_confidence}."
        raise ConfigError(msg)
    policy = check_policy(rewrite, ids)
    known = read_ids(Path(ids)) if ids is not None else {}
    return CorefNormalizer(NameResolver(language, overlays=tables, off=off), policy, known, types, min_confidence)
