"""The spaCy component ``textnorm_names``: the names of a ``Doc`` brought together, stand-off.

``nlp.add_pipe("textnorm_names")`` sets the span group ``doc.spans["names"]`` (label: type; id: number of the cluster),
``span._.canonical`` and ``doc._.name_clusters``. Names are the entities of the doc where it has any, else those that
our own finder sees. Built on spaCy's component interface, https://spacy.io/api/pipe.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textnorm.errors import MissingExtraError

try:
    from spacy.language import Language
    from spacy.tokens import Doc, Span
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] != "spacy":
        raise
    feature, package = "The spaCy component", "spacy"
    raise MissingExtraError(feature, package, "spacy") from missing

from textnorm.errors import ConfigError
from textnorm.normalizers.coref.engine import AUTO, NameResolver
from textnorm.normalizers.coref.mention import Mention
from textnorm.normalizers.coref.types import known_type

SPANS_KEY = "names"
ENTS = ("auto", "always", "never")
#: Entity labels that are no names.
NO_NAMES = frozenset(("CARDINAL", "ORDINAL", "QUANTITY", "PERCENT", "MONEY", "DATE", "TIME"))


def set_extensions() -> None:
    """Make ``doc._.name_clusters`` and ``span._.canonical`` known to spaCy; calling it again changes nothing.

    Raises:
        UsageError: other code has an extension of one of these names.
    """
    from textnorm.spacy import add_extensions

    add_extensions(
        [(Doc, "name_clusters", {"default": None}), (Span, "canonical", {"getter": get_canonical})],
    )


def get_canonical(span: Span) -> str | None:
    """Return the canonical form of a span that is a name; ``None`` for any other."""
    here = [span.start, span.end]
    clusters = span.doc._.name_clusters or ()
    # The spans of our group know the number of their cluster.
    own = [clusters[int(span.id_)]] if span.id_.isdecimal() and int(span.id_) < len(clusters) else []
    for cluster in (*own, *clusters):
        if any(list(mention) == here for mention in cluster["mentions"]):
            return str(cluster["canonical"])
    return None


class NamesComponent:
    """Brings the names of docs together. Neither text nor tokens nor entities change.

    Args:
        name: of the component in the spaCy pipeline.
        language: code of a language with tables of names, or ``auto``.
        tables: folders or files laid over the built-in tables.
        off: sieves to leave out.
        spans_key: key of the span group.
        ents: ``auto``: the doc's entities where it has any; ``always``; ``never``.

    Raises:
        ConfigError: no such value of ``ents``.
        UnknownNameError: no such language or sieve.
        UsageError: a table that cannot be used.
    """

    def __init__(
        self, name: str, language: str, *, tables: Sequence[str], off: Sequence[str], spans_key: str, ents: str
    ) -> None:
        if ents not in ENTS:
            msg = f"The option 'ents' of textnorm_names is one of {', '.join(ENTS)}, not '{ents}'."
            raise ConfigError(msg)
        self.name = name
        self.spans_key = spans_key
        self.ents = ents
        self.resolver = NameResolver(language, overlays=tables, off=off)

    def __call__(self, doc: Doc) -> Doc:
        """Set the attributes of one doc and return it."""
        words = [token.text for token in doc]
        code = self.resolver.code_of(words)
        if self.ents == "always" or (self.ents == "auto" and doc.ents):
            mentions = [
                Mention(ent.start, ent.end, tuple(words[ent.start : ent.end]), _type(ent.label_))
                for ent in doc.ents
                if ent.label_ not in NO_NAMES
            ]
        else:
            mentions = self.resolver.find(words, code)
        found = self.resolver.resolve(words, mentions, code)
        clusters: list[dict[str, Any]] = []
        spans: list[Span] = []
        for number, cluster in enumerate(found.clusters):
            places = [[mentions[k].start, mentions[k].end] for k in cluster.mentions]
            clusters.append(
                {
                    "canonical": cluster.canonical,
                    "type": cluster.type,
                    "confidence": cluster.confidence,
                    "mentions": places,
                }
            )
            spans += [Span(doc, i, j, label=cluster.type, span_id=str(number)) for i, j in places]
        doc._.name_clusters = clusters
        doc.spans[self.spans_key] = sorted(spans, key=lambda span: (span.start, -span.end))
        return doc


def _type(label: str) -> str | None:
    """Return the type of an entity's label; an unknown label leaves the type to the sieves."""
    return known_type(label) if label else None


def make_names(
    nlp: Language, name: str, language: str, tables: list[str], off: list[str], spans_key: str, ents: str
) -> NamesComponent:
    """Make the component; the factory ``textnorm_names`` of spaCy.

    Args:
        nlp: the spaCy pipeline.
        name: of the component.
        language: code of a language with tables of names, or ``auto``: each doc's own.
        tables: folders or files laid over the built-in tables.
        off: sieves to leave out.
        spans_key: key of the span group.
        ents: ``auto``, ``always`` or ``never``: whether the doc's entities are the names.

    Raises:
        UsageError: an option that cannot be used, or other code has a spaCy extension of one of our names.
    """
    set_extensions()
    return NamesComponent(name, language, tables=tables, off=off, spans_key=spans_key, ents=ents)


Language.factory(
    "textnorm_names",
    default_config={"language": AUTO, "tables": [], "off": [], "spans_key": SPANS_KEY, "ents": "auto"},
    assigns=["doc._.name_clusters", "doc.spans", "span._.canonical"],
    func=make_names,
)
