"""The spaCy component ``textnorm``: a pipeline's edits on a ``Doc``, whose text and tokens stay as they are.

``nlp.add_pipe("textnorm", config={"pipeline": "lt-speech"})`` sets ``doc._.norm_text``, ``doc._.norm_edits`` and the
span group ``doc.spans["textnorm"]``; see ``docs/spacy.md``. spaCy finds the factory by entry point; importing this
module registers it too. Built on spaCy's component interface, https://spacy.io/api/pipe.
"""

from __future__ import annotations

import json
import shutil
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from textnorm.errors import MissingExtraError

try:
    from spacy.attrs import IDX
    from spacy.language import Language
    from spacy.tokens import Doc, Span
    from spacy.util import raise_error
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] != "spacy":
        raise
    feature, package = "The spaCy component", "spacy"
    raise MissingExtraError(feature, package, "spacy") from missing

from textnorm.config import FILE, PHRASEBOOKS, builtin_names, find, is_phrasebook, read
from textnorm.edits import Edit, Normalized
from textnorm.edits.edit import FIELDS
from textnorm.errors import EditError, UnknownNameError, UsageError
from textnorm.pipeline import Pipeline

SPANS_KEY = "textnorm"
#: What a saved component knows of itself, beside the folder of its pipeline where that is no built-in.
STATE = "textnorm.json"

#: Where ``doc._.norm_edits`` is kept: the key that spaCy itself would give it.
_EDITS: Any = ("._.", "norm_edits", None, None)

ErrorHandler = Callable[[str, Any, list[Doc], Exception], None]


# -- extensions ------------------------------------------------------------------------------------------------------
def set_extensions() -> None:
    """Make ``doc._.norm_text``, ``doc._.norm_edits``, ``doc._.textnorm`` and ``span._.norm`` known to spaCy.

    The component does so itself; a program that only reads stored docs calls it. Calling it again changes nothing.

    Raises:
        UsageError: other code has an extension of one of these names.
    """
    wanted: list[tuple[Any, str, dict[str, Any]]] = [
        (Doc, "norm_text", {"default": None}),
        (Doc, "norm_edits", {"getter": get_edits, "setter": set_edits}),
        (Doc, "textnorm", {"getter": get_normalized}),
        (Span, "norm", {"getter": get_norm}),
    ]
    add_extensions(wanted)


def add_extensions(wanted: Sequence[tuple[Any, str, dict[str, Any]]]) -> None:
    """Make extensions (class, name, options) known to spaCy; those that are there already stay.

    Raises:
        UsageError: other code has an extension of one of these names; none is made then.
    """
    # First look, then set: a clash must not leave half of them behind.
    new = []
    for kind, name, options in wanted:
        if not kind.has_extension(name):
            new.append((kind, name, options))
        elif not _is_ours(kind.get_extension(name), options):
            owner = kind.__name__
            msg = (
                f"spaCy has an extension {owner.lower()}._.{name} already, made by other code. Give that one another "
                f"name, or take it away with {owner}.remove_extension({name!r}) before the component is added."
            )
            raise UsageError(msg)
    for kind, name, options in new:
        kind.set_extension(name, **options)


def _is_ours(extension: Sequence[Any], options: Mapping[str, Any]) -> bool:
    default, method, getter, setter = extension
    # Functions by name, since a reloaded module has new objects.
    same = _path(getter) == _path(options.get("getter")) and _path(setter) == _path(options.get("setter"))
    return same and default is None and method is None


def _path(function: Any) -> tuple[Any, Any]:
    return getattr(function, "__module__", None), getattr(function, "__qualname__", None)


def get_edits(doc: Doc) -> list[dict[str, Any]] | None:
    """Return the doc's edits as plain dictionaries; ``None`` where no component has run."""
    edits: Any = doc.user_data.get(_EDITS)
    if isinstance(edits, tuple):  # spaCy's DocBin gives lists back as tuples
        edits = doc.user_data[_EDITS] = _lists(edits)
    return cast("list[dict[str, Any]] | None", edits)


def set_edits(doc: Doc, edits: list[dict[str, Any]] | None) -> None:
    """Set the doc's edits."""
    doc.user_data[_EDITS] = edits


def _lists(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_lists(item) for item in value]
    return {key: _lists(item) for key, item in value.items()} if isinstance(value, dict) else value


def get_normalized(doc: Doc) -> Normalized | None:
    """Return the doc's text with its edits, to map positions; ``None`` where no component has run.

    Raises:
        EditError: the edits belong to another text (they were copied from a longer doc).
    """
    edits = doc._.norm_edits
    if edits is None:
        return None
    text = doc.text
    for e in edits:
        _check(e, text[e["start"] : e["end"]])
    return Normalized(text, tuple(Edit(**{name: e[name] for name in FIELDS}) for e in edits))


def get_norm(span: Span) -> str | None:
    """Return what became of a span: any span, not only those of the group; ``None`` where no component has run.

    An edit that the span cuts is taken whole. What was inserted, or changed in a space between two tokens, belongs to
    the token before; at the start of the doc to the first token.

    Raises:
        EditError: the edits belong to another text (they were copied from a longer doc).
    """
    doc = span.doc
    edits = doc._.norm_edits
    if edits is None:
        return None
    i, j = span.start, span.end
    if i >= j:
        return ""
    low, high = doc[i].idx, doc[j - 1].idx + len(doc[j - 1])
    following = doc[j].idx if j < len(doc) else high + len(doc[j - 1].whitespace_)
    touched = [e for e in _near(edits, low, following) if _belongs(e, low, high, following)]
    if not touched:
        return str(doc[i:j].text)
    low, high = min(low, touched[0]["start"]), max(high, touched[-1]["end"])
    while i > 0 and doc[i].idx > low:
        i -= 1
    while j < len(doc) and doc[j].idx < high:
        j += 1
    text, shift = doc[i:j].text_with_ws, doc[i].idx
    parts: list[str] = []
    at = low
    for e in touched:
        _check(e, text[e["start"] - shift : e["end"] - shift])
        parts += text[at - shift : e["start"] - shift], e["replacement"]
        at = e["end"]
    parts.append(text[at - shift : high - shift])
    return "".join(parts)


def _near(edits: Sequence[Mapping[str, Any]], low: int, high: int) -> list[Mapping[str, Any]]:
    """Return the replacing edits that may touch ``[low, high]``; the time does not grow with the length of the doc."""
    first = bisect_left(edits, low, key=_start)
    # Replacing edits are disjoint, so only the last of those that start before can reach in.
    while first > 0:
        first -= 1
        if edits[first]["replacement"] is not None:
            break
    return [e for e in edits[first : bisect_right(edits, high, key=_start)] if e["replacement"] is not None]


def _start(edit: Mapping[str, Any]) -> int:
    return int(edit["start"])


def _belongs(edit: Mapping[str, Any], low: int, high: int, following: int) -> bool:
    """Whether an edit belongs to the tokens ``[low, high)`` behind which the next token starts at ``following``."""
    start, end = edit["start"], edit["end"]
    if start == end:
        return bool(low < start <= following or start == low == 0)
    return bool((start < high and low < end) or (high <= start and end <= following))


def _check(edit: Mapping[str, Any], source: str) -> None:
    if source != edit["source"]:
        msg = (
            f"The edit of [{edit['start']}, {edit['end']}) was made for {edit['source']!r} and stands at {source!r}: "
            f"these edits belong to another text. Run the component on this doc."
        )
        raise EditError(msg)


# -- component -------------------------------------------------------------------------------------------------------
class TextnormComponent:
    """Runs a pipeline over docs. Neither text nor tokens change.

    Attributes:
        name: of the component in the spaCy pipeline.
        spec: the textnorm pipeline as configured: a built-in name, a ``.cfg`` file or a model's folder.
        spans_key: key of the span group.
        overrides: values of the pipeline's configuration that differ, nested as sections are.
    """

    def __init__(
        self, name: str, spec: str, *, spans_key: str = SPANS_KEY, overrides: Mapping[str, Any] | None = None
    ) -> None:
        """Load the pipeline.

        A path that does not exist is only an error when the pipeline is first needed: spaCy makes the component before
        it gives it the saved copy, perhaps on another machine.

        Raises:
            UnknownNameError: neither a built-in name nor a path; lists the names.
            ConfigError: the configuration cannot be used; names file, section and key.
        """
        self.name = name
        self.spans_key = spans_key
        self.error_handler: ErrorHandler = raise_error
        self._absent: str | None = None
        try:
            self._load(spec, overrides or {})
        except UnknownNameError:
            raise
        except UsageError as error:
            if spec in builtin_names() or Path(spec).exists():
                raise
            self.spec, self.overrides = spec, dict(overrides or {})
            self._absent = f"{error} Nor has the component '{name}' a saved copy of it."

    def _load(self, spec: str, overrides: Mapping[str, Any], path: Path | None = None) -> None:
        """Load the pipeline called ``spec``, from its saved copy ``path`` where there is one."""
        file = find(path or spec)
        source = read(file, _flat(overrides))
        self._pipeline = source.build()
        self._is_book = is_phrasebook(file)
        self.spec, self.overrides, self._absent = spec, dict(overrides), None
        self._file: Path | None = None
        self._text: str | None = None
        if path is not None or spec not in builtin_names():
            self._file = file.resolve()
            if self._is_book:
                # A folder of books is not copied: what it means may depend on the folders round it.
                self._self_contained = file.is_file()
                self._text = file.read_bytes().decode("utf-8") if self._self_contained else ""
                self._stem = self._file.name
                return
            self._text = file.read_text(encoding="utf-8")
            facts, portable = ({k: v for k, v in c.items() if k != "paths"} for c in (source.config, source.portable))
            self._self_contained = facts == portable
            self._stem = self._file.parent.name if file.name == FILE else file.stem

    @property
    def pipeline(self) -> Pipeline:
        """The textnorm pipeline.

        Raises:
            UsageError: its file does not exist and no saved copy was loaded.
        """
        if self._absent is not None:
            raise UsageError(self._absent)
        return self._pipeline

    def __call__(self, doc: Doc) -> Doc:
        """Set the attributes of one doc and return it.

        Raises:
            DataError: a component of the pipeline failed on the text.
        """
        return self._set(doc, self.pipeline(doc.text))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Set the attributes of many docs, in order, ``batch_size`` at a time.

        A doc that fails costs its neighbours nothing: it goes to the error handler, and where that returns it is left
        out of the stream, as in spaCy's own components.
        """
        docs = iter(stream)
        while batch := list(islice(docs, batch_size)):
            for doc, outcome in zip(batch, self._outcomes(batch), strict=True):
                if isinstance(outcome, Normalized):
                    yield self._set(doc, outcome)
                else:
                    self.error_handler(self.name, self, [doc], outcome)

    def _outcomes(self, docs: Sequence[Doc]) -> Sequence[Normalized | Exception]:
        run = self.pipeline  # a missing pipeline is no fault of the docs
        texts = [doc.text for doc in docs]
        try:
            return run.batch(texts)
        except Exception as error:
            if len(texts) == 1:
                return [error]
        outcomes: list[Normalized | Exception] = []
        for text in texts:
            try:
                outcomes.append(run(text))
            except Exception as error:
                outcomes.append(error)
        return outcomes

    def _set(self, doc: Doc, out: Normalized) -> Doc:
        doc._.norm_text = out.text
        doc._.norm_edits = out.to_dicts()
        # Edits of one label within one token would give equal spans: they are one span, its id their rules.
        rules: dict[tuple[int, int, str], set[str]] = {}
        if out.edits and len(doc):
            starts: list[int] = doc.to_array([IDX]).ravel().astype(int).tolist()
            for e in out.edits:
                i, j = _tokens(doc, starts, e.start, e.end)
                rules.setdefault((i, j, e.label), set()).update(e.rule.split("+"))
        doc.spans[self.spans_key] = [
            Span(doc, i, j, label=label, span_id="+".join(sorted(ids))) for (i, j, label), ids in rules.items()
        ]
        return doc

    def initialize(
        self, get_examples: Callable[[], Iterable[Any]] | None = None, *, nlp: Language | None = None
    ) -> None:
        """Check that the pipeline is there; nothing is learnt.

        Raises:
            UsageError: its file does not exist.
        """
        _ = self.pipeline

    def set_error_handler(self, error_handler: ErrorHandler) -> None:
        """Set what is called with ``(name, component, [doc], error)`` when a doc fails; by default it is raised."""
        self.error_handler = error_handler

    def get_error_handler(self) -> ErrorHandler:
        """Return what is called when a doc fails."""
        return self.error_handler

    # -- saving ------------------------------------------------------------------------------------------------------
    def _state(self) -> dict[str, Any]:
        _ = self.pipeline
        saved = None if self._text is None else self._stem
        files = (".cfg", *PHRASEBOOKS)
        if saved is not None and Path(self.spec).suffix not in files and not any(c in self.spec for c in "/\\"):
            msg = f"Name the folder as a path, './{self.spec}': alone it would be taken for the name of a built-in."
            raise UsageError(msg)
        return {"pipeline": self.spec, "overrides": self.overrides, "saved": saved, "is_book": self._is_book}

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the component to a folder; a pipeline that is no built-in is copied into it.

        Raises:
            UsageError: a ``.cfg`` file that is no model's folder needs files beside it; which, nobody knows. Nor is a
                folder of phrasebooks copied.
        """
        path = Path(path)
        state = self._state()
        if self._is_book and not self._self_contained:
            msg = f"{self.spec} is a folder of phrasebooks; only a single YAML file is saved with the pipeline."
            raise UsageError(msg)
        path.mkdir(parents=True, exist_ok=True)
        if self._is_book and self._text is not None:
            (path / self._stem).write_bytes(self._text.encode())
        elif self._text is not None and self._file is not None:
            folder = path / self._stem
            if not self._self_contained:
                if self._file.name != FILE:
                    msg = (
                        f"{self._file} names files beside it (${{paths.folder}}). Put it into a folder of its own as "
                        f"'{FILE}', with these files, and name that folder as the pipeline."
                    )
                    raise UsageError(msg)
                if folder.resolve() != self._file.parent:
                    shutil.copytree(self._file.parent, folder, dirs_exist_ok=True)
            folder.mkdir(exist_ok=True)
            (folder / FILE).write_text(self._text, encoding="utf-8")
        (path / STATE).write_text(json.dumps(state, ensure_ascii=False, indent=1), encoding="utf-8")

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> TextnormComponent:
        """Read what :meth:`to_disk` wrote and return the component.

        Raises:
            UsageError: the folder holds no component.
            ConfigError: the saved pipeline cannot be used; names file, section and key.
        """
        path = Path(path)
        try:
            state = json.loads((path / STATE).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            msg = f"{path} is no saved textnorm component: {STATE}: {error}"
            raise UsageError(msg) from error
        saved = state["saved"]
        self._load(state["pipeline"], state["overrides"], None if saved is None else path / Path(saved).name)
        return self

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Return the component as bytes, with the text of a configuration that is no built-in.

        Raises:
            UsageError: the pipeline needs files beside its configuration; these go to disk only.
        """
        state = self._state()
        if self._text is not None and not self._self_contained:
            msg = f"The pipeline {self.spec} needs the files of its folder, which bytes do not hold. Use to_disk."
            raise UsageError(msg)
        return json.dumps({**state, "config": self._text}, ensure_ascii=False).encode()

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> TextnormComponent:
        """Read what :meth:`to_bytes` gave and return the component.

        Raises:
            ConfigError: the saved pipeline cannot be used; names file, section and key.
        """
        state = json.loads(data)
        if state["config"] is None:
            self._load(state["pipeline"], state["overrides"])
            return self
        with TemporaryDirectory() as place:
            folder = Path(place) / Path(state["saved"]).name  # never outside, whatever the bytes say
            if state.get("is_book"):
                folder.write_bytes(state["config"].encode())
                self._load(state["pipeline"], state["overrides"], folder)
                return self
            folder.mkdir(exist_ok=True)
            (folder / FILE).write_text(state["config"], encoding="utf-8")
            self._load(state["pipeline"], state["overrides"], folder)
        return self


def _flat(options: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested sections as dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in options.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat


def _tokens(doc: Doc, starts: Sequence[int], start: int, end: int) -> tuple[int, int]:
    """Return the tokens ``[i, j)`` that an edit of ``[start, end)`` belongs to; ``starts`` are those of the tokens."""
    last = max(bisect_left(starts, end) - 1, 0)
    if start == end:
        return last, last + 1
    first = bisect_right(starts, start) - 1
    if first < last and start >= starts[first] + len(doc[first]):
        first += 1  # it begins in the space before its first token
    return first, last + 1


def make_textnorm(
    nlp: Language, name: str, pipeline: str, spans_key: str, overrides: dict[str, Any]
) -> TextnormComponent:
    """Make the component; the factory ``textnorm`` of spaCy.

    Args:
        nlp: the spaCy pipeline.
        name: of the component.
        pipeline: a built-in name such as ``lt-speech``, a ``.cfg`` file or a model's folder.
        spans_key: key of the span group, for two components in one pipeline.
        overrides: values of the pipeline's configuration, nested as its sections are:
            ``{"components": {"nsw": {"pack": "lt"}}}``.

    Raises:
        UsageError: other code has a spaCy extension of one of our names.
        UnknownNameError: neither a built-in name nor a path; lists the names.
        ConfigError: the configuration cannot be used; names file, section and key.
    """
    set_extensions()
    return TextnormComponent(name, pipeline, spans_key=spans_key, overrides=overrides)


Language.factory(
    "textnorm",
    default_config={"pipeline": "lt-speech", "spans_key": SPANS_KEY, "overrides": {}},
    assigns=["doc._.norm_text", "doc._.norm_edits", "doc._.textnorm", "doc.spans", "span._.norm"],
    func=make_textnorm,
)
