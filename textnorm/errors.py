"""Every error that a user can meet. Each says what is wrong, where, and what to do next.

Exit codes follow the command-line contract: 1 for a fault in the data or the system, 2 for anything that is known
before data are read (options, names, paths, configuration).
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

#: Name under which the package is installed. The import and command name is ``textnorm``; that name on the public
#: registry belongs to an unrelated project, so every install hint is made from this one constant.
DISTRIBUTION = "textnorm-nlp"


def install_hint(extra: str | None = None) -> str:
    """Return the command that installs the package, with ``extra`` where one is named."""
    return f"pip install '{DISTRIBUTION}[{extra}]'" if extra else f"pip install {DISTRIBUTION}"


def choices(wanted: str, known: Iterable[str]) -> str:
    """Return a sentence that lists what exists, with the nearest name first where one is close."""
    names = sorted(known)
    if not names:
        return "None exist."
    near = get_close_matches(wanted, names, n=1)
    guess = f"Did you mean '{near[0]}'? " if near else ""
    return f"{guess}Known: {', '.join(names)}."


class TextnormError(Exception):
    """Base of all errors that are the user's to mend. ``exit_code`` is what the command line returns."""

    exit_code = 1
    #: Label of the component, and id of the rule, that were at work, where that is known.
    component: str | None = None
    rule: str | None = None


class Reason(str):
    """Why a row was set aside: a sentence, with the component and the rule that were at work where they are known."""

    component: str | None
    rule: str | None

    def __new__(cls, text: str, component: str | None = None, rule: str | None = None) -> Reason:
        """Return the sentence with what is known beside it."""
        made = super().__new__(cls, text)
        made.component, made.rule = component, rule
        return made

    def __reduce__(self) -> tuple[type[Reason], tuple[str, str | None, str | None]]:
        return Reason, (str(self), self.component, self.rule)


class UsageError(TextnormError):
    """A name, option, path or configuration that is wrong before any data were read."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A registry, pipeline or plugin name that does not exist; the message lists those that do."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        super().__init__(f"There is no {kind} called '{name}'. {choices(name, known)}")


class ConfigError(UsageError):
    """A pipeline configuration that cannot be used: names the file, the section and the key."""


class RulePackError(UsageError):
    """A rule pack that cannot be used: names the file, the rule and, where it matters, the example."""


class MissingExtraError(UsageError):
    """A feature whose optional packages are not installed; the message holds the install command."""

    def __init__(self, feature: str, package: str, extra: str) -> None:
        super().__init__(f"{feature} needs the package '{package}'. Install it with: {install_hint(extra)}")


class PluginError(UsageError):
    """A plugin that cannot be loaded or that breaks the contract it claims to keep."""


class EditError(TextnormError, ValueError):
    """Edits that break the algebra: outside the text, overlapping, or made for another text."""


class DataError(TextnormError):
    """A fault in the input data: names the file and the line, row or byte."""
