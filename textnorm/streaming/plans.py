"""Plans from words: ``--step`` and plan files."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textnorm.errors import UsageError, choices
from textnorm.protocols import Step
from textnorm.registry import steps as registered
from textnorm.streaming.steps import Normalize, Plan

NORMALIZE = "normalize"
KEYS = ("kind", "column", "pipeline", "set", "options")


@dataclass(frozen=True)
class StepSpec:
    """A step as it is asked for.

    Attributes:
        column: the column it reads.
        kind: ``normalize``, or a registered kind of step.
        target: pipeline, index …: what the kind needs.
        overrides: values of a pipeline to replace, by dotted key.
        options: options of a registered step.
    """

    column: str
    kind: str = NORMALIZE
    target: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def build(self) -> Normalize | Step:
        """Make the step.

        Raises:
            UsageError: there is no such pipeline or kind of step.
        """
        if self.kind == NORMALIZE:
            from textnorm.config import load

            return Normalize(self.column, load(self.target, overrides=dict(self.overrides)))
        step = registered.get(self.kind)(self.column, self.target, **self.options)
        if not isinstance(step, Step):
            msg = f"'{self.kind}' makes no step: it lacks kind, column, facts, fields or a call."
            raise UsageError(msg)
        return step


def parse_step(text: str) -> StepSpec:
    """Return the step that ``COLUMN=PIPELINE`` or ``COLUMN=KIND:TARGET`` means.

    Raises:
        UsageError: it is neither.
    """
    column, equals, target = text.partition("=")
    if not equals or not column or not target:
        msg = f"--step takes COLUMN=PIPELINE or COLUMN=KIND:TARGET, not '{text}'."
        raise UsageError(msg)
    kind, colon, rest = target.partition(":")
    if colon and kind in (NORMALIZE, *registered.names()):
        return StepSpec(column, kind, rest)
    return StepSpec(column, target=target)


def read_plan(path: Path) -> tuple[list[StepSpec], str | None]:
    """Return the steps of a plan file, and its document column.

    A plan is TOML: ``document = "COLUMN"`` where it is wanted, and a table ``[[step]]`` a step with ``column`` and
    ``pipeline``; perhaps ``kind`` and ``options`` (another kind of step) or ``set`` (values of the pipeline).

    Raises:
        UsageError: it cannot be read, or says something else; names the file and the step.
    """
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{path}: {error.strerror}."
        raise UsageError(msg) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"{path}: no plan: {error}."
        raise UsageError(msg) from error
    document = facts.pop("document", None)
    tables = facts.pop("step", None)
    if facts or not isinstance(tables, list) or not tables or not isinstance(document, str | None):
        extra = f"; it does not know '{next(iter(facts))}'" if facts else ""
        msg = f'{path}: a plan has tables [[step]] with column and pipeline, and perhaps document = "COLUMN"{extra}.'
        raise UsageError(msg)
    return [_step(table, f"{path}, step {k}") for k, table in enumerate(tables, start=1)], document


def _step(table: Any, label: str) -> StepSpec:
    unknown = sorted(set(table) - set(KEYS)) if isinstance(table, dict) else ["?"]
    if unknown:
        msg = f"{label}: there is no key '{unknown[0]}'. {choices(unknown[0], KEYS)}"
        raise UsageError(msg)
    kinds = {"kind": str, "column": str, "pipeline": str, "set": dict, "options": dict}
    for key, value in table.items():
        if not isinstance(value, kinds[key]):
            msg = f"{label}: '{key}' is no {'table' if kinds[key] is dict else 'string'}."
            raise UsageError(msg)
    kind = table.get("kind", NORMALIZE)
    if "column" not in table or (kind == NORMALIZE and "pipeline" not in table):
        msg = f"{label}: it needs 'column'{' and pipeline' if kind == NORMALIZE else ''}."
        raise UsageError(msg)
    options = dict(table.get("options", {}))
    target = table.get("pipeline", "") or str(options.pop("target", ""))
    return StepSpec(table["column"], kind, target, _dotted(table.get("set", {})), options)


def _dotted(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table of values by dotted key; TOML makes tables of dotted keys."""
    out: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            out.update({f"{key}.{inner}": item for inner, item in _dotted(value).items()})
        else:
            out[key] = value
    return out


def build(specs: Sequence[StepSpec], *, document: str | None, overwrite_columns: bool) -> Plan:
    """Make a plan.

    Raises:
        UsageError: a step cannot be made, or two do not go together.
    """
    plan = Plan(tuple(spec.build() for spec in specs), document, overwrite_columns)
    plan.check()
    return plan
