"""Rule packs: load, expand, check the form.

A pack is a folder ``rules/<code>/`` of data files: ``pack.toml`` (name, version, reader, macros, tables), further
``*.toml`` with ``[[rule]]`` entries, and ``*.tsv`` tables. Rules are authored in TOML because its literal strings need
no escapes. The format is described in ``docs/rules.md``.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import regex

from textnorm.errors import RulePackError, UnknownNameError
from textnorm.resources import rules_dir
from textnorm.rules.calibration import COLUMNS as CALIBRATION_COLUMNS
from textnorm.rules.calibration import Calibration, calibration_of
from textnorm.rules.pattern import Derived, PatternError, derive
from textnorm.rules.template import Part, Slot, TemplateError, parse

#: Longest match of a rule, in code points: what bounds the cost of one try whatever the length of the text.
REACH = 1024

#: Classes of non-standard words: the taxonomy of Kasparaitis (arXiv 2312.17660) and those that it lacks.
CLASSES = tuple(
    """EXPN LSEQ ASWD NUM NORD NTEL NTIME NDATE NYEAR NCODE URL MONEY MEASURE PERCENT DECIMAL SCORE FRACTION RANGE ROMAN
    SYMBOL""".split()
)

ACTIONS = ("read", "keep", "abstain")
FINAL_STOPS = ("auto", "upper", "never")
BOUNDARIES = ("token", "none")
_WORD_END = r"(?:(?<!\w)|(?!\w))"
_MACRO = re.compile(r"\{([A-Za-z_][A-Za-z_0-9]*(?:\.[a-z_]+)?)\}")
_KEYS = {
    "id",
    "class",
    "pattern",
    "reading",
    "priority",
    "confidence",
    "context",
    "action",
    "boundary",
    "ignorecase",
    "final_stop",
    "examples",
    "counterexamples",
    "note",
    "disabled",
    "domain",
}


@dataclass(frozen=True)
class Table:
    """One TSV table: a header and rows, looked up by the column ``surface``."""

    name: str
    path: Path
    rows: tuple[Mapping[str, str], ...]

    @cached_property
    def by_surface(self) -> dict[str, Mapping[str, str]]:
        """Rows by their ``surface``."""
        return {row["surface"]: row for row in self.rows}

    def alternation(self, column: str = "surface") -> str:
        """Return a group that matches any entry of a column, longest first."""
        words = sorted({row[column] for row in self.rows if row.get(column)}, key=lambda w: (-len(w), w))
        return "(?:" + "|".join(re.escape(word).replace(r"\ ", " ") for word in words) + ")"


@dataclass(frozen=True)
class Rule:
    """One rule, expanded and ready to run.

    Attributes:
        id: unique in the pack, ``lt.date.iso``.
        label: class of the taxonomy.
        pattern: exact pattern, macros expanded.
        reading: parts of the template.
        priority: the higher is tried first at a place; among equals the longest match wins.
        context: whether the reading depends on what surrounds the match.
        action: ``read``; ``keep`` leaves the span as it is and no other rule touches it; ``abstain`` does the same and
            says so with an annotation.
        boundary: whether a match must end where a token ends.
        final_stop: when a match that ends in a full stop gives it back: ``auto`` at the end of the text and before a
            capitalised word that the language's reader takes for the start of a sentence, ``upper`` before every
            capital letter, ``never``.
        examples: ``(text, reading of the whole text)`` pairs that the check runs.
        counterexamples: texts in which this rule must not fire.
        domain: kinds of text in which the rule is in force; empty for all.
    """

    id: str
    label: str
    pattern: str
    reading: tuple[Part, ...]
    template: str
    source: str
    priority: int = 0
    confidence: float = 1.0
    context: bool = True
    action: str = "read"
    boundary: bool = True
    ignorecase: bool = False
    final_stop: str = "auto"
    examples: tuple[tuple[str, str], ...] = ()
    counterexamples: tuple[str, ...] = ()
    note: str = ""
    disabled: bool = False
    domain: tuple[str, ...] = ()

    @cached_property
    def exact(self) -> Any:
        """The compiled exact pattern (module ``regex``).

        The word boundary at its end is part of it, so that alternatives are tried until one ends where a word does.
        """
        pattern = f"(?:{self.pattern}){_WORD_END}" if self.boundary else self.pattern
        return regex.compile(pattern, regex.IGNORECASE if self.ignorecase else 0)

    @cached_property
    def derived(self) -> Derived:
        """The scanning forms."""
        return derive(self.pattern, flags=re.IGNORECASE if self.ignorecase else 0, bounded=self.boundary)

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("exact", "derived")}


@dataclass(frozen=True)
class RulePack:
    """Rules and tables of one language, in order of trial.

    Attributes:
        domains: the kinds of text that the pack knows, the default first; empty where it makes no difference.
        domain: the one whose rules and rows of tables are here, ``""`` where the pack knows none.
        calibration: what raw confidences are worth; ``None``: they stay as they are.
    """

    code: str
    name: str
    version: str
    reader: str
    folder: Path
    rules: tuple[Rule, ...]
    tables: Mapping[str, Table] = field(default_factory=dict)
    fingerprint: str = ""
    domains: tuple[str, ...] = ()
    domain: str = ""
    calibration: Calibration | None = None

    def rule(self, rule_id: str) -> Rule:
        """Return the rule called ``rule_id``.

        Raises:
            UnknownNameError: no such rule.
        """
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise self._no_rule(rule_id)

    def _no_rule(self, name: str) -> UnknownNameError:
        return UnknownNameError(f"rule of the pack '{self.code}'", name, [rule.id for rule in self.rules])

    def overlay(self, rules: Iterable[Rule], disable: Sequence[str] = ()) -> RulePack:
        """Return the pack with ``rules`` laid over its own by id, and without those that ``disable`` names.

        Raises:
            UnknownNameError: ``disable`` names a rule that does not exist.
        """
        by_id = {rule.id: rule for rule in self.rules}
        extra = list(rules)
        by_id.update({rule.id: rule for rule in extra})
        for name in disable:
            if name not in by_id:
                raise self._no_rule(name)
            del by_id[name]
        kept = [rule for rule in by_id.values() if not rule.disabled]
        mark = hashlib.sha256("\n".join([self.fingerprint, *map(repr, extra), *disable]).encode()).hexdigest()[:16]
        return replace(self, rules=_ordered(kept), fingerprint=mark if extra or disable else self.fingerprint)


def _in_force(domains: tuple[str, ...], domain: str) -> bool:
    return not domains or domain in domains


def _is_share(text: str) -> bool:
    try:
        return 0.0 <= float(text) <= 1.0
    except ValueError:
        return False


def _ordered(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    return tuple(sorted(rules, key=lambda rule: (-rule.priority, rule.id)))


def packs() -> list[str]:
    """Return the codes of the packs that ship."""
    return sorted(path.parent.name for path in rules_dir().glob("*/pack.toml"))


def load_pack(code_or_path: str | Path, domain: str | None = None) -> RulePack:
    """Load a pack by language code or folder, for one kind of text (by default the first that the pack names).

    Raises:
        UnknownNameError: no pack of that code, or no domain of that name.
        RulePackError: a file, table or rule that cannot be used; the message names it.
    """
    path = Path(code_or_path)
    if not (path / "pack.toml").is_file():
        if path.is_dir() and len(path.parts) > 1:
            msg = f"{path}: a rule pack needs a file pack.toml."
            raise RulePackError(msg)
        if str(code_or_path) not in packs():
            kind = "rule pack"
            raise UnknownNameError(kind, str(code_or_path), packs())
        path = rules_dir(str(code_or_path))
    return _Loader(path, domain).load()


def load_overlay(path: Path, base: RulePack) -> list[Rule]:
    """Load the rules of one ``.toml`` file that are laid over ``base``; its macros and tables may be used.

    Raises:
        RulePackError: the file or a rule cannot be used.
    """
    loader = _Loader(base.folder, base.domain or None)
    loader.read_head()
    return [rule for rule in loader.read_rules(path) if _in_force(rule.domain, loader.domain)]


def load_readings(path: Path) -> list[Rule]:
    """Load a user's own readings, a TSV of ``written<TAB>spoken`` with a header, as rules that win over all others.

    Raises:
        RulePackError: the file cannot be read, or a row lacks a column.
    """
    rules = []
    for number, row in enumerate(_read_tsv(path, ("written", "spoken")), start=2):
        written, spoken = row["written"], row["spoken"]
        template = spoken.replace("{", "{{").replace("}", "}}")
        rules.append(
            Rule(
                id=f"user.{path.stem}.{number}",
                label="EXPN",
                pattern=re.escape(written),
                reading=parse(template),
                template=template,
                source=f"{path}:{number}",
                priority=10_000,
                context=False,
                final_stop="never",
            )
        )
    return rules


def _read_tsv(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: the table cannot be read: {error}"
        raise RulePackError(msg) from error
    header = lines[0].rstrip("\r").split("\t")
    missing = [name for name in needed if name not in header]
    if missing:
        msg = f"{path}: the header lacks {', '.join(missing)}; it has {', '.join(header)}."
        raise RulePackError(msg)
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.rstrip("\r").split("\t")
        if len(cells) > len(header) or not cells[0]:
            msg = f"{path}, line {number}: {len(cells)} cells for {len(header)} columns, or an empty first cell."
            raise RulePackError(msg)
        rows.append(dict(zip(header, [*cells, *[""] * (len(header) - len(cells))], strict=True)))
    return rows


class _Loader:
    """Reads the files of one folder, for one domain."""

    def __init__(self, folder: Path, domain: str | None = None) -> None:
        self.folder = folder
        self.wanted = domain
        self.domain = ""
        self.domains: tuple[str, ...] = ()
        self.macros: dict[str, str] = {}
        self.tables: dict[str, Table] = {}
        self.digest = hashlib.sha256()

    def load(self) -> RulePack:
        head = self.read_head()
        rules: list[Rule] = []
        for path in sorted(self.folder.glob("*.toml")):
            if path.name != "pack.toml":
                rules.extend(self.read_rules(path))
        seen: dict[str, Rule] = {}
        for rule in rules:
            if rule.id in seen:
                msg = f"{rule.source}: the rule '{rule.id}' exists already in {seen[rule.id].source}."
                raise RulePackError(msg)
            seen[rule.id] = rule
        calibration = self.calibration(head)
        return RulePack(
            code=str(head["code"]),
            name=str(head.get("name", head["code"])),
            version=str(head["version"]),
            reader=str(head["reader"]),
            folder=self.folder,
            rules=_ordered(rule for rule in rules if not rule.disabled and _in_force(rule.domain, self.domain)),
            tables=self.tables,
            fingerprint=self.digest.hexdigest()[:16],
            domains=self.domains,
            domain=self.domain,
            calibration=calibration,
        )

    def read_toml(self, path: Path) -> dict[str, Any]:
        try:
            data = path.read_bytes()
            self.digest.update(path.name.encode() + b"\0" + data)
            return tomllib.loads(data.decode("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            msg = f"{path}: {error}"
            raise RulePackError(msg) from error

    def read_head(self) -> dict[str, Any]:
        path = self.folder / "pack.toml"
        data = self.read_toml(path)
        head = data.get("pack", {})
        missing = [key for key in ("code", "version", "reader") if key not in head]
        if missing:
            msg = f"{path}: the section [pack] lacks {', '.join(missing)}."
            raise RulePackError(msg)
        self.choose_domain(head.get("domains", []), path)
        for name, file in data.get("tables", {}).items():
            table = self.folder / str(file)
            rows = _read_tsv(table, ("surface",))
            self.digest.update(table.name.encode() + b"\0" + table.read_bytes())
            self.tables[name] = Table(name, table, tuple(self.rows_in_force(rows, table)))
        for name, text in data.get("macros", {}).items():
            self.macros[name] = self.expand(str(text), f"{path}: macro '{name}'")
        return dict(head)

    def calibration(self, head: Mapping[str, Any]) -> Calibration | None:
        if "calibration" not in head:
            return None
        path = self.folder / str(head["calibration"])
        rows = _read_tsv(path, CALIBRATION_COLUMNS)
        self.digest.update(path.name.encode() + b"\0" + path.read_bytes())
        try:
            return calibration_of(rows, CLASSES)
        except ValueError as error:
            msg = f"{path}: {error}."
            raise RulePackError(msg) from error

    def choose_domain(self, named: Any, path: Path) -> None:
        if not isinstance(named, list) or not all(isinstance(name, str) and name for name in named):
            msg = f"{path}: [pack] domains must be a list of names, not {named!r}."
            raise RulePackError(msg)
        self.domains = tuple(named)
        if self.wanted is not None and self.wanted not in self.domains:
            kind = "domain"
            raise UnknownNameError(kind, self.wanted, self.domains)
        self.domain = self.wanted or (self.domains[0] if self.domains else "")
        if self.domain != (self.domains or ("",))[0]:
            self.digest.update(b"domain\0" + self.domain.encode())

    def domains_of(self, raw: Any, where: str) -> tuple[str, ...]:
        """Return the domains that a rule or row names, a name or a list of names."""
        if not isinstance(raw, str | list | tuple) or not all(isinstance(name, str) for name in raw):
            msg = f"{where}: domain must be a name or a list of names, not {raw!r}."
            raise RulePackError(msg)
        found = tuple(raw.split()) if isinstance(raw, str) else tuple(raw)
        for name in found:
            if name not in self.domains:
                msg = f"{where}: domain {name!r} is none of the pack's: {', '.join(self.domains) or 'it has none'}."
                raise RulePackError(msg)
        return found

    def rows_in_force(self, rows: Sequence[Mapping[str, str]], path: Path) -> Iterator[Mapping[str, str]]:
        """Yield the rows of a table that hold in the domain; a column ``domain`` names those of a row, empty is all.

        A row of the domain stands in for the row of all domains with the same surface.
        """
        kept = [
            (row, named)
            for row in rows
            if _in_force(
                named := self.domains_of(row.get("domain", ""), f"{path}, row '{row['surface']}'"), self.domain
            )
        ]
        for row, _ in kept:
            if row.get("confidence") and not _is_share(row["confidence"]):
                msg = f"{path}, row '{row['surface']}': confidence {row['confidence']!r} is no number from 0 to 1."
                raise RulePackError(msg)
        special = {row["surface"] for row, named in kept if named}
        yield from (row for row, named in kept if named or row["surface"] not in special)

    def expand(self, text: str, where: str) -> str:
        def one(match: re.Match[str]) -> str:
            name, _, column = match[1].partition(".")
            if name in self.tables:
                return self.tables[name].alternation(column or "surface")
            if name in self.macros:
                return f"(?:{self.macros[name]})"
            known = ", ".join(sorted([*self.macros, *self.tables]))
            msg = f"{where}: there is no macro or table '{name}'. Known: {known}."
            raise RulePackError(msg)

        return _MACRO.sub(one, text)

    def read_rules(self, path: Path) -> list[Rule]:
        data = self.read_toml(path)
        defaults = {k: v for k, v in data.items() if k != "rule"}
        unknown = set(defaults) - (_KEYS - {"id", "pattern", "reading", "examples", "counterexamples"})
        if unknown:
            msg = f"{path}: unknown key '{sorted(unknown)[0]}' before the first [[rule]]."
            raise RulePackError(msg)
        return [self.rule({**defaults, **raw}, path) for raw in data.get("rule", [])]

    def rule(self, raw: dict[str, Any], path: Path) -> Rule:
        name = raw.get("id")
        if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", name):
            msg = f"{path}: a rule needs an id of small letters, digits, '.', '-' and '_', not {name!r}."
            raise RulePackError(msg)
        where = f"{path}, rule '{name}'"
        unknown = sorted(set(raw) - _KEYS)
        if unknown:
            msg = f"{where}: unknown key '{unknown[0]}'. Known: {', '.join(sorted(_KEYS))}."
            raise RulePackError(msg)
        for key, known in (("action", ACTIONS), ("final_stop", FINAL_STOPS), ("boundary", BOUNDARIES)):
            if raw.get(key, known[0]) not in known:
                msg = f"{where}: {key} '{raw[key]}' is none of {', '.join(known)}."
                raise RulePackError(msg)
        action = raw.get("action", "read")
        label = raw.get("class")
        if label not in CLASSES:
            msg = f"{where}: class {label!r} is none of {', '.join(CLASSES)}."
            raise RulePackError(msg)
        if "pattern" not in raw or (action == "read") != ("reading" in raw):
            msg = f"{where}: a rule has a pattern, and a reading exactly when its action is 'read'."
            raise RulePackError(msg)
        domains = self.domains_of(raw.get("domain", ()), where)
        template = str(raw.get("reading", ""))
        pattern = self.expand(str(raw["pattern"]), where)
        try:
            reading = parse(template)
            rule = Rule(
                id=name,
                label=label,
                pattern=pattern,
                reading=reading,
                template=template,
                source=str(path),
                priority=int(raw.get("priority", 0)),
                confidence=float(raw.get("confidence", 1.0)),
                context=bool(raw.get("context", True)),
                action=action,
                boundary=raw.get("boundary", "token") == "token",
                ignorecase=bool(raw.get("ignorecase", False)),
                final_stop=str(raw.get("final_stop", "auto")),
                examples=tuple((str(a), str(b)) for a, b in raw.get("examples", [])),
                counterexamples=tuple(map(str, raw.get("counterexamples", []))),
                note=str(raw.get("note", "")),
                disabled=bool(raw.get("disabled", False)),
                domain=domains,
            )
            groups = set(rule.exact.groupindex)
            _ = rule.derived  # refuses what cannot be scanned for
        except (PatternError, regex.error) as error:
            msg = f"{where}: the pattern cannot be used: {error}."
            raise RulePackError(msg) from error
        except TemplateError as error:
            msg = f"{where}: {error}."
            raise RulePackError(msg) from error
        except (TypeError, ValueError) as error:
            msg = f"{where}: {error}."
            raise RulePackError(msg) from error
        for part in reading:
            if isinstance(part, Slot) and part.group and part.group not in groups:
                msg = f"{where}: the reading uses the group '{part.group}', the pattern has {sorted(groups)}."
                raise RulePackError(msg)
        return rule
