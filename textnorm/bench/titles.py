"""``textnorm bench titles``: occupations linked to ESCO: MELO's sets and JobBERT's, published figures, ablations.

Concepts have ESCO's parents and skills (``titles/esco/concepts.tsv.gz``). A set is tuned on a third of its answers and
scored on the rest; published figures are for whole sets and rank labels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from textnorm.bench.linking import (
    TUNE,
    ask,
    built,
    cost_rows,
    extend,
    gain_row,
    member_rows,
    members,
    ranking_rows,
    trust_rows,
    without_rows,
)
from textnorm.bench.linking_tasks import Task, jobbert, melo, published_melo
from textnorm.bench.report import Report, Row, data_folder, need
from textnorm.linking.tables import Concepts, read_concepts

SETS = (
    "ltu_q_lt_c_lt",
    "ltu_q_lt_c_en",
    "usa_q_en_c_en",
    "deu_q_de_c_de",
    "pol_q_pl_c_pl",
    "esp_q_es_c_es",
    "deu_q_de_c_en",
    "esp_q_es_c_en",
    "pol_q_pl_c_en",
)
#: The set that is taken apart.
MAIN = "ltu_q_lt_c_lt"
#: Published methods that are shown beside ours; the best of all is shown first.
METHODS = ("openai", "e5", "char_tf_idf", "bm25")
CONCEPTS, PUBLISHED = "titles/esco/concepts.tsv.gz", "titles/melo/published_results_all.txt"


def run(data: Path | None) -> Report:
    """Return the figures.

    Raises:
        UsageError: no data folder, or a file is missing.
    """
    folder = data_folder(data)
    need(folder, [CONCEPTS, PUBLISHED, *(f"titles/melo/{name}/queries{_dev(name)}.tsv.gz" for name in SETS)])
    concepts = read_concepts(str(folder / CONCEPTS))
    published = published_melo(folder / PUBLISHED)
    report = Report("titles")
    for name in SETS:
        extend(report, published_rows(name, published.get(name, {})))
        extend(report, set_rows(melo(folder / "titles/melo" / name, concepts), parts=name == MAIN))
    extend(report, jobbert_rows(folder, concepts))
    report.notes += [
        f"'tuned': on the queries of {TUNE:.0%} of the answers, chosen by hash; scored on the others.",
        "'published': whole sets, labels ranked, no parents; of the Lithuanian sets half of the queries are here.",
        "'mrr, lost without': tuned with all parts minus tuned without one, on the same queries; paired bootstrap.",
    ]
    return report


def _dev(name: str) -> str:
    return ".dev" if name.startswith("ltu") else ""


def published_rows(name: str, methods: dict[str, dict[str, float]]) -> Iterator[Row]:
    """Yield the best published figure of a set and those of a few methods."""
    if not methods:
        return
    best = max(methods, key=lambda method: methods[method]["recip_rank"])
    for method in dict.fromkeys((best, *(found for found in METHODS if found in methods))):
        label = f"melo {name}, published {method}{' (best)' if method == best else ''}"
        for measure, column in (
            ("mrr", "recip_rank"),
            ("a@1", "success_1"),
            ("a@5", "success_5"),
            ("a@10", "success_10"),
        ):
            yield Row(label, name.split("_")[2], measure, methods[method][column])


def set_rows(task: Task, *, parts: bool) -> Iterator[Row]:
    """Yield the figures of a set, untuned and tuned; with ``parts`` what each part brings."""
    dev, test = task.split(TUNE)
    lang = test[0].lang
    with built(task) as index:
        answers, seconds = ask(index.linker(), test)
        yield from ranking_rows(f"{task.name}, untuned", answers, lang)
        yield from trust_rows(f"{task.name}, untuned", answers, lang)
        yield from cost_rows(f"{task.name}, untuned", index, len(test), seconds, lang)
        index.tune(dev)
        name = f"{task.name}, tuned"
        tuned, seconds = ask(index.linker(), test)
        yield from ranking_rows(name, tuned, lang)
        yield from trust_rows(name, tuned, lang)
        yield from cost_rows(name, index, len(test), seconds, lang)
        generators = index.generators
        alone = members(index, test)
        yield from member_rows(name, alone, tuned)
        if not parts:
            return
        yield gain_row(name, "lost without tuning", tuned, answers)
        corrected, _ = ask(index.linker(hubness="csls"), test)
        yield gain_row(name, "gained with hubness correction (csls)", corrected, tuned)
    flat = task.flat()
    with built(flat, encoder="none", generators=["lexical"]) as index:
        asked = {(q.text, q.lang): q for q in flat.questions}
        labels = members(index, [asked[q.text, q.lang] for q in test])["lexical"]
        yield gain_row(f"{task.name}, lexical alone", "lost with labels ranked, not concepts", alone["lexical"], labels)
    orphans = replace(task, concepts={concept: {**facts, "parents": []} for concept, facts in task.concepts.items()})
    with built(orphans, dev=dev) as index:
        yield gain_row(name, "lost without roll-up (no parents)", tuned, ask(index.linker(), test)[0])
    yield from without_rows(name, task, dev, test, tuned, generators)


def jobbert_rows(folder: Path, concepts: Concepts) -> Iterator[Row]:
    """Yield the figures of JobBERT's validation titles: nothing is tuned on; with MiniLM where it is installed."""
    from textnorm.encoders.load import load_encoder
    from textnorm.errors import TextnormError

    files = need(folder, ["titles/jobbert/titles.val.csv", "titles/esco/preferred_en.tsv.gz"])
    task = jobbert(files[0], files[1], concepts)
    encoders = ["static"]
    try:
        load_encoder("minilm")
        encoders.append("minilm")
    except TextnormError:
        pass
    for encoder in encoders:
        with built(task, encoder=encoder) as index:
            # A transformer needs a CPU second for some 200 titles.
            asked = sorted(task.questions)[:: 1 if encoder == "static" else 8]
            answers, seconds = ask(index.linker(), asked)
            name = f"{task.name}, {encoder}, untuned"
            yield from ranking_rows(name, answers, "en")
            yield from trust_rows(name, answers, "en")
            yield from cost_rows(name, index, len(asked), seconds, "en")
