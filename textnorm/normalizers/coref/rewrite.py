"""Rewriting: which form a mention becomes, in its own case, and which part of it is replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from textnorm.errors import ConfigError, UsageError
from textnorm.normalizers.coref.canonical import core_words
from textnorm.normalizers.coref.engine import Cluster
from textnorm.normalizers.coref.fold import fold_words
from textnorm.normalizers.coref.inflector import Inflector
from textnorm.normalizers.coref.shape import clean_words
from textnorm.normalizers.coref.state import Form

Policy = Literal["most_frequent", "longest", "first", "kb_id", "nominative"]
POLICIES: tuple[Policy, ...] = get_args(Policy)


class Target(NamedTuple):
    """What the mentions of a cluster become.

    Attributes:
        words: in the nominative.
        key: the folded words of the form; a mention of this very form is left alone.
        fixed: whether it is written as it is, whatever the case: an id, the nominative.
    """

    words: tuple[str, ...]
    key: tuple[str, ...]
    fixed: bool = False


def read_ids(path: Path) -> dict[tuple[str, ...], str]:
    """Read the table of a knowledge base: TSV with the columns ``name`` and ``id``.

    Raises:
        UsageError: the file or a row cannot be used; names it.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        msg = f"{path}: {error.strerror}."
        raise UsageError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path}: not UTF-8 at byte {error.start}."
        raise UsageError(msg) from error
    if not lines or lines[0].split("\t") != ["name", "id"]:
        msg = f"{path}: the first line names the columns: name, id (separated by a tab)."
        raise UsageError(msg)
    ids = {}
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        name, tab, id_ = line.partition("\t")
        if not tab or not name.strip() or not id_.strip():
            msg = f"{path}, line {number}: a row is a name, a tab and an id."
            raise UsageError(msg)
        ids[fold_words(name.split())] = id_.strip()
    return ids


def check_policy(policy: str | None, ids: str | None) -> Policy | None:
    """Return the option ``rewrite``, checked.

    Raises:
        ConfigError: no such policy, or ``kb_id`` without a table, or a table without it.
    """
    if (policy == "kb_id") != (ids is not None):
        msg = "The option 'ids' (a TSV with the columns name and id) belongs to rewrite 'kb_id', which needs it."
        raise ConfigError(msg)
    for known in POLICIES:
        if policy in (known, None):
            return None if policy is None else known
    msg = f"The option 'rewrite' is one of {', '.join(POLICIES)}, not '{policy}'."
    raise ConfigError(msg)


def target_of(
    cluster: Cluster,
    policy: Policy,
    ids: Mapping[tuple[str, ...], str],
    inflector: Inflector,
    lemmas: Mapping[str, str],
) -> Target | None:
    """Return what the mentions of a cluster become; ``None`` where nothing is to be done."""
    if policy == "kb_id":
        for form in cluster.forms:
            for surface in form.surfaces:
                core = core_words(form, surface)
                for words in (surface, core, inflector.nominative(core, cluster.type, lemmas)):
                    found = ids.get(fold_words(words))
                    if found is not None:
                        return Target((found,), (), fixed=True)
        return None
    forms = [form for form in cluster.forms if form.name is None or form.name.core]
    if not forms:
        return None
    if policy == "nominative":
        return Target((cluster.canonical,), (), fixed=True)
    best = _chosen(forms, policy)
    surface = max(best.surfaces, key=lambda s: (best.surfaces[s], s))
    words = inflector.nominative(core_words(best, surface), cluster.type, lemmas)
    return Target(words, _core_key(best))


def _chosen(forms: Iterable[Form], policy: Policy) -> Form:
    """Return the form that a policy takes; titles of persons do not count."""
    by_core: dict[tuple[str, ...], list[Form]] = {}
    for form in forms:
        by_core.setdefault(_core_key(form), []).append(form)
    groups = list(by_core.values())
    if policy == "first":
        best = min(groups, key=lambda g: min(f.first for f in g))
    elif policy == "longest":
        best = max(groups, key=lambda g: (sum(map(len, _core_key(g[0]))), -g[0].first))
    else:
        best = max(groups, key=lambda g: (sum(len(f.at) for f in g), -min(f.first for f in g)))
    return best[0]


def _core_key(form: Form) -> tuple[str, ...]:
    return form.name.core if form.name is not None and form.name.core else form.shape.key


def replaced_part(form: Form, words: tuple[str, ...]) -> tuple[int, int] | None:
    """Return which words of a mention are replaced: of a person's the name without titles, else what is no article.

    ``None`` for a title alone, which names no one by itself.
    """
    if form.name is not None and not form.name.core:
        return None
    surface = next((s for s in form.surfaces if list(s) == clean_words(words)[-len(s) :]), None)
    if surface is None:
        return None
    core = list(core_words(form, surface))
    for start in range(len(words)):
        for end in range(len(words), start, -1):
            if clean_words(words[start:end]) == core and clean_words(words[start : start + 1]):
                while end - 1 > start and not clean_words(words[end - 1 : end]):
                    end -= 1
                return start, end
    return None


def rewritten(
    form: Form, core: tuple[str, ...], target: Target, type_: str, inflector: Inflector, lemmas: Mapping[str, str]
) -> str | None:
    """Return what a mention becomes, in the case in which it stands; ``None`` where it is left.

    Args:
        form: of the mention.
        core: its words that are replaced, as written.
        target: of its cluster.
        type_: of its cluster.
        inflector: of the language.
        lemmas: of the document.
    """
    if target.fixed:
        return " ".join(target.words)
    if _core_key(form) == target.key:
        return None
    made = inflector.in_case_of(target.words, core, type_, lemmas)
    return None if made is None else " ".join(made)
