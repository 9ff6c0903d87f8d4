"""The spaCy component ``textnorm_linker``: entities of a ``Doc`` linked to the concepts of an index.

``nlp.add_pipe("textnorm_linker", config={"index": "INDEX"})`` sets ``ent.kb_id_`` and ``ent._.candidates`` of the
entities, or of the spans of a group; see ``docs/linking.md``. It stands behind an entity recogniser, an entity ruler or
a span ruler. Built on spaCy's component interface, https://spacy.io/api/pipe.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from textnorm.errors import ConfigError, MissingExtraError, UsageError

try:
    from spacy.language import Language
    from spacy.tokens import Doc, Span
    from spacy.util import raise_error
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] != "spacy":
        raise
    feature, package = "The spaCy component", "spacy"
    raise MissingExtraError(feature, package, "spacy") from missing

from textnorm.linking.step import Answer, LinkStep, Query, open_step

STATE, INDEX = "textnorm_linker.json", "index"
#: ``kb_id_`` of a span that is none of the base's concepts, as in spaCy's own linker.
NIL = "NIL"
CANDIDATES = "candidates"


def set_extensions() -> None:
    """Make ``span._.candidates`` and ``span._.link_p`` known to spaCy; calling it again changes nothing.

    Raises:
        UsageError: other code has an extension of one of these names.
    """
    from textnorm.spacy import add_extensions

    add_extensions([(Span, CANDIDATES, {"getter": get_candidates}), (Span, "link_p", {"getter": get_link_p})])


def _key(span: Span) -> Any:
    """Return where the link of a span is kept in ``doc.user_data``: the key that spaCy itself would give it."""
    return ("._.", CANDIDATES, span.start_char, span.end_char)


def get_candidates(span: Span) -> list[dict[str, Any]] | None:
    """Return the candidates of a span, best first; ``None`` where it was not linked."""
    held = span.doc.user_data.get(_key(span))
    return None if held is None else [json.loads(item) for item in held[1:]]


def get_link_p(span: Span) -> float | None:
    """Return the probability of a span's ``kb_id_``; ``None`` where it was not linked."""
    held = span.doc.user_data.get(_key(span))
    return None if held is None else float(held[0])


class LinkerComponent:
    """Links spans of docs. Text, tokens and the bounds and labels of spans stay as they are.

    Args:
        name: of the component in the spaCy pipeline.
        index: folder of the index.
        k: candidates a span at most.
        min_p: threshold of the probability; ``None``: the index's own.
        spans_key: key of the span group to link; ``None``: ``doc.ents``.
        labels: labels of the spans to link; empty: all.
        window: characters on each side of a span that the linker gets as context; 0: none.
        lang: language of the mentions; ``None``: that of the pipeline.
        nil: ``kb_id_`` of a span that is none of the concepts.

    Raises:
        ConfigError: an option out of range.
        UsageError: there is no index.
    """

    def __init__(
        self,
        name: str,
        index: str,
        *,
        k: int = 5,
        min_p: float | None = None,
        spans_key: str | None = None,
        labels: Sequence[str] = (),
        window: int = 128,
        lang: str | None = None,
        nil: str = NIL,
    ) -> None:
        if k < 1 or window < 0 or (min_p is not None and not 0 <= min_p <= 1):
            msg = f"Options of textnorm_linker: k ≥ 1 (is {k}), window ≥ 0 (is {window}), min_p in 0 to 1 (is {min_p})."
            raise ConfigError(msg)
        self.name = name
        self.index = index
        self.k = k
        self.min_p = min_p
        self.spans_key = spans_key
        self.labels = tuple(labels)
        self.window = window
        self.lang = lang
        self.nil = nil
        self.error_handler: Any = raise_error
        self._step: LinkStep | None = None
        self._absent: str | None = None
        if not index or not Path(index).exists():
            # spaCy makes the component before it gives it the saved copy, perhaps on another machine.
            what = f"There is no index {index}" if index else "No index is configured"
            self._absent = (
                f"{what}; the component '{name}' needs one: config={{'index': 'INDEX'}}, "
                "made by: textnorm index build NAMES -o INDEX"
            )
        else:
            from textnorm.linking.normalizer import identity_of

            identity_of(Path(index))

    def __getstate__(self) -> dict[str, Any]:
        """Leave the open index out, so that worker processes open it themselves."""
        return {**self.__dict__, "_step": None}

    @property
    def step(self) -> LinkStep:
        """The open index.

        Raises:
            UsageError: there is none.
            DataError: it is damaged.
        """
        if self._absent is not None:
            raise UsageError(self._absent)
        if self._step is None:
            self._step = open_step(self.index, self.k, self.min_p)
        return self._step

    # -- linking -----------------------------------------------------------------------------------------------------
    def __call__(self, doc: Doc) -> Doc:
        """Link the spans of one doc and return it."""
        spans = self._spans(doc)
        return self._set(doc, spans, self.step([self._query(span) for span in spans]))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Link the spans of many docs, in order, ``batch_size`` docs at a time.

        A doc that fails goes to the error handler, and where that returns it is left out of the stream, as in spaCy's
        own components.
        """
        step = self.step  # a missing index is no fault of the docs
        docs = iter(stream)
        while batch := list(islice(docs, batch_size)):
            try:
                spans = [self._spans(doc) for doc in batch]
                found = step([self._query(span) for own in spans for span in own])
            except Exception:
                yield from self._singly(batch)
                continue
            at = 0
            for doc, own in zip(batch, spans, strict=True):
                yield self._set(doc, own, found[at : at + len(own)])
                at += len(own)

    def _singly(self, docs: Sequence[Doc]) -> Iterator[Doc]:
        for doc in docs:
            try:
                done = self(doc)
            except Exception as error:
                self.error_handler(self.name, self, [doc], error)
            else:
                yield done

    def _spans(self, doc: Doc) -> list[Span]:
        if self.spans_key is not None and self.spans_key not in doc.spans:
            return []
        spans = doc.ents if self.spans_key is None else doc.spans[self.spans_key]
        return [span for span in spans if not self.labels or span.label_ in self.labels]

    def _query(self, span: Span) -> Query | None:
        text = span.text.strip()
        if not text:
            return None
        context = None
        if self.window:
            whole = span.doc.text
            context = whole[max(0, span.start_char - self.window) : span.end_char + self.window]
        return Query(text, self.lang or span.doc.lang_ or None, context)

    def _set(self, doc: Doc, spans: Sequence[Span], answers: Sequence[Answer | None]) -> Doc:
        ids: dict[tuple[int, int, int], str] = {}
        for span, answer in zip(spans, answers, strict=True):
            if answer is None:
                continue
            ids[span.start, span.end, span.label] = self.nil if answer.id is None else answer.id
            # Texts, since spaCy stores user data as msgpack and gives lists back as tuples.
            held = [answer.p, *(json.dumps(item, ensure_ascii=False) for item in answer.candidates)]
            doc.user_data[_key(span)] = held
        if self.spans_key is None:
            doc.ents = tuple(_with_id(ent, ids) for ent in doc.ents)
        elif self.spans_key in doc.spans:
            group = doc.spans[self.spans_key]
            attrs = dict(group.attrs)
            doc.spans[self.spans_key] = [_with_id(span, ids) for span in group]
            doc.spans[self.spans_key].attrs.update(attrs)
        return doc

    def initialize(self, get_examples: Any = None, *, nlp: Language | None = None) -> None:
        """Check that the index is there; nothing is learnt.

        Raises:
            UsageError: it is not.
        """
        _ = self.step

    def set_error_handler(self, error_handler: Any) -> None:
        """Set what is called with ``(name, component, [doc], error)`` when a doc fails; by default it is raised."""
        self.error_handler = error_handler

    def get_error_handler(self) -> Any:
        """Return what is called when a doc fails."""
        return self.error_handler

    # -- saving ------------------------------------------------------------------------------------------------------
    def _state(self) -> dict[str, Any]:
        names = ("index", "k", "min_p", "spans_key", "labels", "window", "lang", "nil")
        return {name: getattr(self, name) for name in names}

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the component to a folder, with a copy of its index (not with ``exclude=["index"]``).

        Raises:
            UsageError: there is no index.
        """
        _ = self.step
        path = Path(path)
        path.mkdir(parents=True, exist_ok=True)
        if INDEX not in exclude and (path / INDEX).resolve() != Path(self.index).resolve():
            shutil.rmtree(path / INDEX, ignore_errors=True)
            shutil.copytree(self.index, path / INDEX, ignore=shutil.ignore_patterns(".lock"))
        (path / STATE).write_text(json.dumps(self._state(), ensure_ascii=False, indent=1), encoding="utf-8")

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> LinkerComponent:
        """Read what :meth:`to_disk` wrote and return the component.

        Raises:
            UsageError: the folder holds no component, or its index is gone.
        """
        path = Path(path)
        try:
            state = json.loads((path / STATE).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            msg = f"{path} is no saved textnorm_linker component: {STATE}: {error}"
            raise UsageError(msg) from error
        if (path / INDEX).is_dir():
            state["index"] = str(path / INDEX)
        return self._restore(state)

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Return the component as bytes, with the path of its index but not the index: that goes to disk only."""
        return json.dumps(self._state(), ensure_ascii=False).encode()

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> LinkerComponent:
        """Read what :meth:`to_bytes` gave and return the component; its index must be where it was.

        Raises:
            UsageError: it is not.
        """
        return self._restore(json.loads(data))

    def _restore(self, state: dict[str, Any]) -> LinkerComponent:
        handler = self.error_handler
        index = state.pop("index")
        LinkerComponent.__init__(self, self.name, index, **state)
        self.error_handler = handler
        if self._absent is not None:
            raise UsageError(self._absent)
        return self


def _with_id(span: Span, ids: dict[tuple[int, int, int], str]) -> Span:
    """Return a span with the id of its concept; others as they are."""
    found = ids.get((span.start, span.end, span.label))
    if found is None:
        return span
    return Span(span.doc, span.start, span.end, label=span.label, kb_id=found, span_id=span.id_)


def make_linker(
    nlp: Language,
    name: str,
    index: str,
    k: int,
    min_p: float | None,
    spans_key: str | None,
    labels: list[str],
    window: int,
    lang: str | None,
    nil: str,
) -> LinkerComponent:
    """Make the component; the factory ``textnorm_linker`` of spaCy.

    Args:
        nlp: the spaCy pipeline.
        name: of the component.
        index: folder of the index.
        k: candidates a span at most.
        min_p: threshold of the probability; ``None``: the index's own.
        spans_key: key of the span group to link; ``None``: ``doc.ents``.
        labels: labels of the spans to link; empty: all.
        window: characters on each side of a span that the linker gets as context.
        lang: language of the mentions; ``None``: that of the pipeline.
        nil: ``kb_id_`` of a span that is none of the concepts.

    Raises:
        ConfigError: an option out of range.
        UsageError: the folder holds no index, or other code has a spaCy extension of one of our names.
    """
    set_extensions()
    return LinkerComponent(
        name, index, k=k, min_p=min_p, spans_key=spans_key, labels=labels, window=window, lang=lang, nil=nil
    )


Language.factory(
    "textnorm_linker",
    default_config={
        "index": "",
        "k": 5,
        "min_p": None,
        "spans_key": None,
        "labels": [],
        "window": 128,
        "lang": None,
        "nil": NIL,
    },
    assigns=["doc.ents", "token.ent_kb_id", "span._.candidates", "span._.link_p"],
    func=make_linker,
)
