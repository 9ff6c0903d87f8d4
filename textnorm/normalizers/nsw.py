"""Non-standard words read out by a rule pack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from textnorm.edits import Edits
from textnorm.errors import ConfigError
from textnorm.protocols import Scope
from textnorm.registry import readers
from textnorm.rules.engine import FastEngine, ReferenceEngine
from textnorm.rules.pack import RulePack, load_overlay, load_pack, load_readings

Engine = Literal["fast", "reference"]
ScannerKind = Literal["auto", "re2", "arrow"]


class NswNormalizer:
    """Reads non-standard words (numbers, dates, units, abbreviations …) out by the rules of one pack.

    Args:
        pack: the rules.
        engine: the rule engine that runs them.
    """

    name = "textnorm.nsw.v1"
    scope: Scope = "text"

    def __init__(self, pack: RulePack, engine: ReferenceEngine) -> None:
        self.pack = pack
        self.engine = engine
        self.version = f"{pack.version}+{engine.reader.version}"
        self.languages = (pack.code,)
        self.fingerprint = pack.fingerprint
        # What is left for want of evidence may be read in a second pass, whose context is the words of the first.
        self.idempotent = engine.min_confidence == 0.0

    def __call__(self, texts: Sequence[str]) -> Edits:
        """Return the edits of each text."""
        return self.engine.edits(texts)


def make_nsw(
    pack: str = "lt",
    *,
    overlays: Sequence[str] = (),
    readings: str | None = None,
    disable: Sequence[str] = (),
    engine: Engine = "fast",
    scanner: ScannerKind = "auto",
    options: dict[str, Any] | None = None,
    domain: str | None = None,
    min_confidence: float = 0.0,
) -> NswNormalizer:
    """Return the component registered as ``textnorm.nsw.v1``.

    Args:
        pack: code of a pack that ships, or a folder.
        overlays: ``.toml`` files whose rules are laid over the pack's by id.
        readings: TSV with the columns ``written`` and ``spoken``: the user's own readings, which win over all rules.
        disable: ids of rules to leave out.
        engine: ``fast``, or ``reference`` to try every rule at every place.
        scanner: ``re2``, ``arrow``, or ``auto`` for RE2 where it is installed.
        options: conventions of the language's reader.
        domain: kind of text, one of those that the pack names; by default its first.
        min_confidence: a reading of less confidence is not made but marked, with what it would have been.

    Raises:
        ConfigError: an option's value does not exist.
        UnknownNameError: an unknown pack, domain or rule.
        RulePackError: a pack, overlay or table that cannot be used.
    """
    for name, value, known in (("engine", engine, get_args(Engine)), ("scanner", scanner, get_args(ScannerKind))):
        if value not in known:
            msg = f"The option '{name}' of textnorm.nsw.v1 is one of {', '.join(known)}, not '{value}'."
            raise ConfigError(msg)
    if not 0.0 <= min_confidence <= 1.0:
        msg = f"The option 'min_confidence' of textnorm.nsw.v1 lies between 0 and 1, not {min_confidence}."
        raise ConfigError(msg)
    rules = load_pack(pack, domain)
    extra = [rule for path in overlays for rule in load_overlay(Path(path), rules)]
    if readings is not None:
        extra.extend(load_readings(Path(readings)))
    rules = rules.overlay(extra, disable)
    reader = readers.get(rules.reader)(**(options or {}))
    made = (
        FastEngine(rules, reader, scanner, min_confidence=min_confidence)
        if engine == "fast"
        else ReferenceEngine(rules, reader, min_confidence=min_confidence)
    )
    return NswNormalizer(rules, made)
