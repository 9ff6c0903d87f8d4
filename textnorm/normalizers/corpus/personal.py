"""Personal data as annotations: patterns are data (``rules/pii/patterns.toml``), check digits are code."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from textnorm.edits import Edit, Edits
from textnorm.errors import ConfigError, choices
from textnorm.normalizers.corpus.personal_checks import Facts, checks
from textnorm.protocols import Scope
from textnorm.resources import rules_dir

Action = Literal["mark", "replace"]

NAME = "textnorm.pii.v1"
#: Code points to the left in which the words of a pattern's ``left`` may stand.
CONTEXT = 40
_KEYS = frozenset({"id", "label", "pattern", "check", "left", "confidence", "examples", "counterexamples"})
#: Every pattern needs one of these, so a text without is done.
_TRIGGER = re.compile(r"[0-9@]|(?i:[(\[{](?:at|eta)[)\]}])")


@dataclass(frozen=True)
class Pattern:
    """One pattern of the table; the keys are described in ``rules/pii/README.md``."""

    id: str
    label: str
    pattern: str
    check: str
    confidence: float
    left: str = ""
    examples: tuple[str, ...] = ()
    counterexamples: tuple[str, ...] = ()


class Found(NamedTuple):
    """A span that holds personal data, and what its check says of it."""

    start: int
    end: int
    pattern: Pattern
    facts: Facts


class PersonalData:
    """Finds personal data; see :func:`make_pii`."""

    name = NAME
    languages: tuple[str, ...] = ()
    scope: Scope = "text"

    def __init__(self, patterns: Sequence[Pattern], version: str, digest: str, action: Action, *, values: bool) -> None:
        self.patterns = tuple(patterns)
        self.action = action
        self.values = values
        self.version = f"1+{version}"
        self.fingerprint = digest
        self.idempotent = action == "mark"  # a placeholder is other context than what it stands for
        self._compiled = [_compile(pattern) for pattern in self.patterns]

    def __reduce__(self) -> Any:
        return _again, (self.patterns, self.version[2:], self.fingerprint, self.action, self.values)

    def __call__(self, texts: Sequence[str]) -> Edits:
        """Return an annotation, or with ``replace`` a placeholder, for each span of personal data."""
        return Edits.from_rows(map(self._edits, texts))

    def find(self, text: str) -> list[Found]:
        """Return the spans of personal data in order; where two patterns claim one place, the earlier one has it."""
        if _TRIGGER.search(text) is None:
            return []
        kept: list[Found] = []
        for pattern, exact, left in self._compiled:
            kept += [
                found
                for found in _matches(text, pattern, exact, left)
                if all(found.end <= other.start or found.start >= other.end for other in kept)
            ]
        return sorted(kept)

    def _edits(self, text: str) -> Iterator[Edit]:
        for start, end, pattern, facts in self.find(text):
            replacement = f"[{pattern.label}]" if self.action == "replace" else None
            value = facts if self.values else {key: facts[key] for key in ("country",) if key in facts} or None
            yield Edit(start, end, replacement, pattern.label, f"pii.{pattern.id}", pattern.confidence, value)


def _again(patterns: Sequence[Pattern], version: str, digest: str, action: Action, values: bool) -> PersonalData:
    return PersonalData(patterns, version, digest, action, values=values)


def _compile(pattern: Pattern) -> tuple[Pattern, Any, Any]:
    import regex

    try:
        left = regex.compile(rf"(?i)(?:{pattern.left})\Z") if pattern.left else None
        return pattern, regex.compile(pattern.pattern), left
    except regex.error as error:
        msg = f"{NAME}: the pattern '{pattern.id}' cannot be used: {error}."
        raise ConfigError(msg) from error


def _matches(text: str, pattern: Pattern, exact: Any, left: Any) -> Iterator[Found]:
    check = checks()[pattern.check]
    for match in exact.finditer(text):
        start, end = match.span()
        if left is not None and left.search(text[max(0, start - CONTEXT) : start]) is None:
            continue
        facts = check(match[0])
        if facts is not None:
            yield Found(start, end, pattern, facts)


def load_patterns(path: Path) -> tuple[list[Pattern], str, str]:
    """Return the patterns of a table, its version and the hash of the file.

    Raises:
        ConfigError: it cannot be read, or a key or value makes no sense; names file, pattern and key.
    """
    try:
        raw = path.read_bytes()
        table = tomllib.loads(raw.decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"{path}: cannot be read as TOML: {error}."
        raise ConfigError(msg) from error
    made: list[Pattern] = []
    for i, item in enumerate(table.get("patterns", []), 1):
        where = f"{path}, pattern {item.get('id', i)}"
        if unknown := sorted(set(item) - _KEYS):
            msg = f"{where}: unknown key '{unknown[0]}'. {choices(unknown[0], _KEYS)}"
            raise ConfigError(msg)
        if missing := sorted({"id", "label", "pattern", "check", "confidence"} - set(item)):
            msg = f"{where}: the key '{missing[0]}' is missing."
            raise ConfigError(msg)
        if item["check"] not in checks():
            msg = f"{where}: there is no check '{item['check']}'. {choices(item['check'], checks())}"
            raise ConfigError(msg)
        lists = {key: tuple(item.get(key, ())) for key in ("examples", "counterexamples")}
        made.append(Pattern(**{**item, **lists}))
    return made, str(table.get("version", "0")), hashlib.sha256(raw).hexdigest()[:16]


def make_pii(
    labels: Sequence[str] = (),
    *,
    action: Action = "mark",
    values: bool = True,
    min_confidence: float = 0.0,
    patterns: str | None = None,
) -> PersonalData:
    """Return the component registered as ``textnorm.pii.v1``.

    Args:
        labels: which classes to find; empty for all.
        action: ``mark`` annotates; ``replace`` puts ``[LABEL]`` in the span's place (undo still knows the source).
        values: whether the edits' values hold the code itself; without, at most its country.
        min_confidence: patterns below it are left out.
        patterns: own table, whose patterns go before the shipped ones.

    Raises:
        ConfigError: an option's value makes no sense, or the table cannot be used.
    """
    if action not in get_args(Action):
        msg = f"The option 'action' of {NAME} is one of {', '.join(get_args(Action))}, not '{action}'."
        raise ConfigError(msg)
    found, version, digest = load_patterns(rules_dir() / "pii" / "patterns.toml")
    if patterns is not None:
        own, own_version, own_digest = load_patterns(Path(patterns))
        found, version, digest = [*own, *found], f"{version}+{own_version}", f"{digest}+{own_digest}"
    known = {pattern.label for pattern in found}
    for label in labels:
        if label not in known:
            msg = f"The option 'labels' of {NAME}: there is no label '{label}'. {choices(label, known)}"
            raise ConfigError(msg)
    kept = [p for p in found if (not labels or p.label in labels) and p.confidence >= min_confidence]
    return PersonalData(kept, version, digest, action, values=values)
