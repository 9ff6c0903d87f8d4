"""Pipelines: ordered components whose edits are composed, so that every edit refers to the original text."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import regex

from textnorm import __version__
from textnorm.edits import Edit, Edits, EditsBuilder, Normalized
from textnorm.edits.algebra import blocks_of
from textnorm.edits.edit import canonical_json
from textnorm.errors import ConfigError, DataError, EditError, PluginError, Reason, TextnormError, UsageError
from textnorm.protocols import Normalizer

#: Seconds that one ``keep`` pattern may take on one text. Users write these patterns; some backtrack without end.
KEEP_TIMEOUT = 5.0

Documents = Sequence[Hashable | None]


class Pipeline:
    """Components in the order of their work; each sees the text after the ones before it.

    Attributes:
        name: name of the pipeline, for example ``lt-speech``.
        lang: ISO 639 code it is made for, or ``None``.
        description: one line for people.
        components: pairs of name and normalizer.
        keep: regular expressions (module ``regex``) matched on the source; what they match is never edited.
        config: the configuration it was made from, or ``None``.
    """

    def __init__(
        self,
        components: Sequence[tuple[str, Normalizer]],
        *,
        name: str,
        lang: str | None = None,
        keep: Sequence[str] = (),
        description: str = "",
        config: Mapping[str, Any] | None = None,
    ) -> None:
        """Make a pipeline.

        Raises:
            ConfigError: a ``keep`` pattern cannot be compiled, or two components have one name.
            PluginError: a component lacks an attribute that the contract asks for.
        """
        self.name = name
        self.lang = lang
        self.description = description
        self.components = tuple(components)
        self.keep = tuple(keep)
        self.config = config
        names = [label for label, _ in self.components]
        if len(set(names)) < len(names):
            msg = f"The pipeline '{name}' has two components of one name: {', '.join(names)}."
            raise ConfigError(msg)
        for label, component in self.components:
            lacking = [a for a in ("name", "version", "languages", "scope") if not hasattr(component, a)]
            if lacking or not callable(component):
                msg = f"The component '{label}' is no normalizer: it lacks {', '.join(lacking) or '__call__'}."
                raise PluginError(msg)
            if component.scope not in ("text", "document"):
                msg = f"The component '{label}' has the scope '{component.scope}'; it can be 'text' or 'document'."
                raise PluginError(msg)
        self._keep = [_compile(pattern, name) for pattern in self.keep]

    def __repr__(self) -> str:
        return f"Pipeline({self.name!r}: {' > '.join(label for label, _ in self.components) or 'nothing'})"

    # -- identity ----------------------------------------------------------------------------------------------------
    @property
    def versions(self) -> dict[str, str]:
        """Registered name of each component and its version."""
        return {component.name: component.version for _, component in self.components}

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits that change whenever the edits may: package, versions, options, contents of packs."""
        options = (self.config or {}).get("components", {})
        facts = {
            "textnorm": __version__,
            "lang": self.lang,
            "keep": list(self.keep),
            "components": [
                {
                    "as": label,
                    "name": component.name,
                    "version": component.version,
                    "options": options.get(label),
                    "content": getattr(component, "fingerprint", None),
                }
                for label, component in self.components
            ],
        }
        return hashlib.sha256(canonical_json(facts).encode()).hexdigest()[:32]

    @property
    def scope(self) -> str:
        """``document`` where a component needs whole documents, otherwise ``text``."""
        return "document" if any(component.scope == "document" for _, component in self.components) else "text"

    def describe(self, rule: str) -> str:
        """Return what is known about a rule id, for people; empty where no component says anything.

        A component may offer ``describe(rule: str) -> str``. Composed ids (``a+b``) are described part by part.
        """
        said: list[str] = []
        for part in rule.split("+"):
            for _, component in self.components:
                tell = getattr(component, "describe", None)
                text = tell(part) if tell is not None else ""
                if text:
                    said.append(str(text))
                    break
        return "; ".join(said)

    # -- work --------------------------------------------------------------------------------------------------------
    def __call__(self, text: str) -> Normalized:
        """Normalize one text."""
        return self.batch([text])[0]

    def batch(self, texts: Sequence[str], documents: Documents | None = None) -> list[Normalized]:
        """Normalize many texts; one object a text, in order (see :meth:`edits`)."""
        edits = self.edits(texts, documents)
        return [Normalized(text, edits.row(i)) for i, text in enumerate(texts)]

    def edits(self, texts: Sequence[str], documents: Documents | None = None) -> Edits:
        """Return the composed edits of each text, against that text.

        Args:
            texts: ``n`` texts.
            documents: ``n`` document ids. Consecutive texts of one id are joined by a line feed for components of scope
                ``document``; ``None`` (the id or the list) makes each text a document of its own.

        Raises:
            DataError: a component failed on these texts; names it.
            PluginError: a component broke its contract.
        """
        texts = list(texts)
        if documents is not None and len(documents) != len(texts):
            msg = f"There are {len(texts)} texts but {len(documents)} document ids."
            raise UsageError(msg)
        total = Edits.empty(len(texts))
        current = texts
        protected: dict[int, list[tuple[int, int]]] = {}
        for k, (label, component) in enumerate(self.components):
            if component.scope == "document" and documents is not None:
                step = _run_documents(label, component, current, documents)
            else:
                step = _run(label, component, current)
            if self._keep and step.count:
                step = self._spare(texts, total, step, protected)
            if step.count and k + 1 < len(self.components):
                current = step.apply(current)
            total = total.compose(step)
        return total

    def try_edits(self, texts: Sequence[str], documents: Documents | None = None) -> tuple[Edits, dict[int, str]]:
        """Return the edits of all texts that work, and the reason for each that does not, by index.

        The batch is tried as a whole; only where that fails is it tried text by text (document by document), so a bad
        text costs its neighbours nothing.

        Raises:
            PluginError: a component broke its contract; that is no fault of the texts.
        """
        try:
            return self.edits(texts, documents), {}
        except (UsageError, MemoryError):
            raise
        except Exception:  # which text it was is found out below
            failures: dict[int, str] = {}
        parts: list[Edits] = []
        for a, b in document_runs(documents, len(texts)):
            try:
                parts.append(self.edits(texts[a:b], None if documents is None else documents[a:b]))
            except (UsageError, MemoryError):
                raise
            except Exception as error:
                known = isinstance(error, TextnormError)
                said = str(error) if known else f"{type(error).__name__}: {error}"
                reason = Reason(said, getattr(error, "component", None), getattr(error, "rule", None))
                failures.update(dict.fromkeys(range(a, b), reason))
                parts.append(Edits.empty(b - a))
        return Edits.concat(parts), failures

    def _spare(self, texts: list[str], total: Edits, step: Edits, protected: dict[int, list[tuple[int, int]]]) -> Edits:
        """Drop the replacing edits of ``step`` that would touch a protected span."""
        kept: dict[int, list[Edit]] = {}
        for i in step.touched_rows().tolist():
            if i not in protected:
                protected[i] = self._spans(texts[i])
            if not protected[i]:
                continue
            # Protected spans were never edited, so where they are now is exact.
            blocks = blocks_of(total.row(i))
            spans = [blocks.span(a, b) for a, b in protected[i]]
            row = step.row(i)
            left = [e for e in row if e.replacement is None or not any(_hits(e, a, b) for a, b in spans)]
            if len(left) < len(row):
                kept[i] = left
        if not kept:
            return step
        builder = EditsBuilder()
        for i in range(len(step)):
            builder.add_row(kept[i] if i in kept else step.row(i))
        return builder.build()

    def _spans(self, text: str) -> list[tuple[int, int]]:
        spans: list[tuple[int, int]] = []
        for pattern in self._keep:
            try:
                spans.extend(m.span() for m in pattern.finditer(text, timeout=KEEP_TIMEOUT) if m.start() < m.end())
            except TimeoutError as error:
                size = f"a text of {len(text)} characters"
                msg = f"The keep pattern {pattern.pattern!r} needs over {KEEP_TIMEOUT:g} s on {size}."
                raise DataError(msg) from error
        return spans


def _compile(pattern: str, name: str) -> Any:
    try:
        return regex.compile(pattern)
    except regex.error as error:
        msg = f"The pipeline '{name}' has a keep pattern that cannot be compiled: {pattern!r}: {error}"
        raise ConfigError(msg) from error


def _hits(edit: Edit, a: int, b: int) -> bool:
    if edit.start == edit.end:
        return a < edit.start < b
    return edit.start < b and a < edit.end


def _run(label: str, component: Callable[[Sequence[str]], Edits], texts: list[str]) -> Edits:
    """Call one component and hold it to its contract."""
    try:
        step = component(texts)
    except EditError as error:
        msg = f"The component '{label}' made edits that cannot be: {error}"
        raise _at(EditError(msg), label, error) from error
    except TextnormError as error:
        _at(error, label, error)
        raise
    except MemoryError:
        raise
    except Exception as error:
        msg = f"The component '{label}' failed: {type(error).__name__}: {error}"
        raise _at(DataError(msg), label, error) from error
    if not isinstance(step, Edits) or len(step) != len(texts):
        got = f"edits of {len(step)} texts" if isinstance(step, Edits) else type(step).__name__
        msg = f"The component '{label}' was given {len(texts)} texts and returned {got}."
        raise PluginError(msg)
    if step.count:
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        outside = np.flatnonzero(step.end > np.repeat(lengths, np.diff(step.offsets)))
        if len(outside):
            k = int(outside[0])
            msg = f"The component '{label}' made an edit outside its text: [{step.start[k]}, {step.end[k]})."
            raise EditError(msg)
    return step


def _at(error: TextnormError, label: str, cause: Exception) -> TextnormError:
    """Note on an error which component, and which rule where its cause says so, was at work."""
    error.component, error.rule = label, getattr(cause, "rule", None)
    return error


def document_runs(documents: Documents | None, n: int) -> list[tuple[int, int]]:
    """Return ``[a, b)`` of each stretch of consecutive equal ids; a text without an id (``None``) stands alone."""
    if documents is None:
        return [(i, i + 1) for i in range(n)]
    runs: list[tuple[int, int]] = []
    for i, document in enumerate(documents):
        if runs and document is not None and document == documents[i - 1]:
            runs[-1] = (runs[-1][0], i + 1)
        else:
            runs.append((i, i + 1))
    return runs


def _run_documents(label: str, component: Normalizer, texts: list[str], documents: Documents) -> Edits:
    """Call a component on whole documents and cut its edits back to the texts."""
    runs = document_runs(documents, len(texts))
    step = _run(label, component, ["\n".join(texts[a:b]) for a, b in runs])
    builder = EditsBuilder()
    for k, (a, b) in enumerate(runs):
        row = step.row(k)
        if b - a == 1:
            builder.add_row(row)
            continue
        starts = [0]
        for text in texts[a : b - 1]:
            starts.append(starts[-1] + len(text) + 1)
        rows: list[list[Edit]] = [[] for _ in range(b - a)]
        for edit in row:
            i = bisect_right(starts, edit.start) - 1
            if edit.end <= starts[i] + len(texts[a + i]):
                rows[i].append(replace(edit, start=edit.start - starts[i], end=edit.end - starts[i]))
                continue
            if edit.replacement is not None:
                msg = (
                    f"The component '{label}' replaced text across rows of the document {documents[a]!r}; "
                    f"an edit must stay within one row: {edit}"
                )
                raise PluginError(msg)
            while i < b - a and starts[i] < edit.end:
                low = max(edit.start, starts[i])
                high = min(edit.end, starts[i] + len(texts[a + i]))
                if low < high:
                    rows[i].append(replace(edit, start=low - starts[i], end=high - starts[i]))
                i += 1
        for part in rows:
            builder.add_row(part)
    return builder.build()
