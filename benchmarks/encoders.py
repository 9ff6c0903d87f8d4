"""Encoders: texts per CPU-second, fidelity, training, and a GPU where there is one, in one run.

    python benchmarks/encoders.py [static] [transformer] [training] [ablation] [gpu] [--json FILE]

Without a part all are run. Speeds are texts by CPU-seconds of one thread, the best of two passes, loading left out;
only the GPU part is by the clock. "Cosine" and "recall@10 overlap" compare with the same model on torch in float32:
mean cosine of the vectors, and the share of the ten nearest of 3,007 preferred ESCO names that stay the same.

Training: pairs from ESCO 1.1.1 English names. Occupations are split by CRC-32 of their id modulo 10: those with 0 are
kept out of training and queried (every alternative name → 3,007 preferred names); settings were chosen on those with 1
while training on 2 to 9. JobBERT: vacancy titles → 3,007 preferred names (a fixed eighth of the set). MELO en: O*NET
titles → 3,627 preferred names. A figure is the mean reciprocal rank with a 95 % bootstrap interval.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import sys
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.insert(0, str(Path(__file__).resolve().parent))

import data
import numpy as np
from numpy.typing import NDArray

from textnorm import __version__
from textnorm.bench.report import Report, Row, cpu_time, mean
from textnorm.encoders import (
    Encoder,
    FeatureSettings,
    StaticEncoder,
    TrainEvent,
    TrainSettings,
    attributes_source,
    load_encoder,
    names_source,
    parents_source,
    train_static,
)
from textnorm.encoders.features import features
from textnorm.errors import TextnormError
from textnorm.linking.objective import DEFAULTS, noise_source

WEB = "text/en_EWT.txt.gz"
#: Titles, and sentences, on which transformers are timed.
SAMPLE = 1000
Encode = Callable[[Sequence[str]], NDArray[np.float32]]
#: Dense half-precision TFLOP/s by the makers' data sheets, by a part of the card's name.
PEAKS = {"H200": 989.0, "H100": 989.0, "A100": 312.0, "L4": 121.0, "T4": 65.0, "4090": 165.0}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of: {', '.join(PARTS)}")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if unknown := set(args.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    folder = data.data_dir() / "titles"
    if not (folder / "esco").is_dir():
        sys.exit(f"{folder / 'esco'} is not here: set TEXTNORM_DATA to the folder of the development data.")
    report = Report("encoders")
    esco = Esco(folder)
    for part in args.parts or PARTS:
        PARTS[part](report, esco)
    print("\n".join(report.lines()))
    if args.json:
        args.json.write_text(json.dumps(report.payload(__version__), indent=1), encoding="utf-8")


class Esco:
    """Names, parents and skills of ESCO, and the queries of the three tasks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, list[str]] = defaultdict(list)
        for row in rows(folder / "esco" / "names_en.tsv.gz"):
            self.names[row["concept_id"]].append(row["name"])
        preferred = rows(folder / "esco" / "preferred_en.tsv.gz")
        self.targets = [row["name"] for row in preferred]
        self.place = {row["concept_id"]: i for i, row in enumerate(preferred)}
        concepts = rows(folder / "esco" / "concepts.tsv.gz")
        self.groups: dict[str, list[str]] = {}
        with ZipFile(folder / "esco111" / "esco111_classification_en_csv.zip") as archive:
            text = archive.read("ISCOGroups_en.csv").decode()
        for row in csv.DictReader(text.splitlines(keepends=True)):
            self.groups[row["conceptUri"]] = [row["preferredLabel"]]
        self.parents = {row["concept_id"]: row["parents"].split("|") for row in concepts if row["parents"]}
        self.skills = {row["concept_id"]: row["attributes"].split("|") for row in concepts if row["attributes"]}

    def known(self) -> dict[str, list[str]]:
        """Return the names to train on."""
        return {concept: names for concept, names in self.names.items() if part_of(concept) != 0}

    def titles(self) -> list[str]:
        """Return all names, in a fixed random order."""
        distinct = sorted({name for names in self.names.values() for name in names})
        return [distinct[i] for i in np.random.default_rng(0).permutation(len(distinct))]

    def tasks(self) -> dict[str, tuple[list[str], list[set[int]], list[str]]]:
        """Return queries, places of the right answers, and targets of each task."""
        unseen = [
            (name, {self.place[concept]})
            for concept in self.place
            if part_of(concept) == 0
            for name in self.names[concept]
            if name != self.targets[self.place[concept]]
        ]
        found = {"ESCO, occupations kept out": (*map(list, zip(*unseen, strict=True)), self.targets)}
        with (self.folder / "jobbert" / "titles.val.csv").open(encoding="utf-8") as file:
            vacancies = [row for row in csv.DictReader(file) if row["conceptUri"] in self.place][::8]
        answers = [{self.place[row["conceptUri"]]} for row in vacancies]
        found["JobBERT"] = ([row["vacancyTitle"] for row in vacancies], answers, self.targets)
        found["MELO en"] = self._melo()
        return found  # type: ignore[return-value]

    def _melo(self) -> tuple[list[str], list[set[int]], list[str]]:
        folder = self.folder / "melo" / "usa_q_en_c_en"
        concept = dict(table(folder / "concept_mapping.tsv.gz"))
        label, place = {}, {}
        for item, name in table(folder / "corpus_elements.tsv.gz"):
            if concept[item] not in label:
                place[concept[item]] = len(label)
                label[concept[item]] = name
        # The first label of a concept is its preferred one.
        answers: dict[str, set[int]] = defaultdict(set)
        for query, _, item, relevant in table(folder / "annotations.tsv.gz"):
            if relevant != "0":
                answers[query].add(place[concept[item]])
        queries = [(text, answers[query]) for query, text in table(folder / "queries.tsv.gz") if answers[query]]
        return [text for text, _ in queries], [right for _, right in queries], list(label.values())


def table(path: Path) -> list[list[str]]:
    """Return the cells of a gzipped TSV without a header."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t") for line in file]


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a gzipped TSV with a header."""
    head, *body = table(path)
    return [dict(zip(head, cells, strict=True)) for cells in body]


def part_of(concept: str) -> int:
    """Return which tenth of the concepts one is in."""
    return zlib.crc32(concept.encode()) % 10


def reciprocal_ranks(queries: NDArray[Any], right: Sequence[set[int]], targets: NDArray[Any]) -> list[float]:
    """Return 1 / rank of the best right answer of each query; ties count half."""
    found = []
    for start in range(0, len(right), 1000):
        scores = queries[start : start + 1000] @ targets.T
        scores = scores.toarray() if hasattr(scores, "toarray") else scores
        for row, answers in zip(scores, right[start : start + 1000], strict=True):
            best = row[list(answers)].max()
            found.append(1 / (1 + (row > best).sum() + ((row == best).sum() - 1) / 2))
    return found


def rate(encode: Encode, texts: Sequence[str]) -> float:
    """Return texts per CPU-second, the best of two passes."""
    encode(texts[:64])
    seconds = []
    for _ in range(2):
        with cpu_time() as clock:
            encode(texts)
        seconds.append(clock.seconds)
    return len(texts) / min(seconds)


def transformers() -> dict[str, Encoder]:
    """Return MiniLM on each backend of the CPU, as far as installed."""
    options: dict[str, dict[str, Any]] = {
        "MiniLM torch fp32": {"backend": "torch", "device": "cpu"},
        "MiniLM ONNX fp32": {"backend": "onnx"},
        "MiniLM ONNX int8": {"backend": "onnx-int8"},
    }
    found: dict[str, Encoder] = {}
    for name, chosen in options.items():
        try:
            found[name] = load_encoder("minilm", threads=1, **chosen)
        except TextnormError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    return found


def model2vec() -> Encode | None:
    """Return a model2vec model with MiniLM's tokenizer and random vectors, for its speed, where it is installed."""
    try:
        from model2vec import StaticModel
        from tokenizers import Tokenizer

        from textnorm.encoders.hub import model_folder

        tokenizer = Tokenizer.from_file(str(model_folder("minilm") / "tokenizer.json"))
    except (ImportError, TextnormError) as error:
        print(f"model2vec is left out: {error}", file=sys.stderr)
        return None
    vectors = np.random.default_rng(0).standard_normal((tokenizer.get_vocab_size(), 256)).astype(np.float32)
    model = StaticModel(vectors, tokenizer, normalize=True)
    return lambda texts: model.encode(list(texts))


def sentences_of_web() -> list[str]:
    """Return distinct sentences of 15 to 25 words; none where the text is missing."""
    return list(dict.fromkeys(line for line in data.lines(WEB) or [] if 15 <= len(line.split()) <= 25))


def speeds(report: Report, name: str, encode: Encode, titles: Sequence[str], sentences: Sequence[str]) -> None:
    """Add the rates of one encoder."""
    report.add(Row(name, "en", "titles per CPU-s", rate(encode, titles), len(titles)))
    if sentences:
        report.add(Row(name, "en", "sentences per CPU-s", rate(encode, sentences), len(sentences)))


def static(report: Report, esco: Esco) -> None:
    """Texts per CPU-second of static encoders, and how soon one is ready."""
    titles, sentences = esco.titles(), sentences_of_web()
    trained = train_static(esco.known(), settings=TrainSettings(passes=4))
    speeds(report, "static, 128 dimensions", trained.encode, titles, sentences)
    wide = StaticEncoder.untrained(dim=256)
    speeds(report, "static, 256 dimensions", wide.encode, titles, sentences)
    if (other := model2vec()) is not None:
        speeds(report, "model2vec, 256 dimensions", other, titles, sentences)
    report.add(Row("static, 128 dimensions", "", "seconds to first vector, new process", start("static", trained)))
    report.notes.append(f"titles: {len(titles):,} names of ESCO; sentences: web text of 15 to 25 words.")


def transformer(report: Report, esco: Esco) -> None:
    """Texts per CPU-second of MiniLM on each backend of a CPU, and fidelity to torch."""
    titles, sentences = esco.titles()[:SAMPLE], sentences_of_web()[:SAMPLE]
    exact: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
    for name, encoder in transformers().items():
        speeds(report, name, encoder.encode, titles, sentences)
        found = encoder.encode(titles[:500]), encoder.encode(esco.targets)
        if exact is None:
            exact = found
            continue
        report.add(Row(name, "en", "cosine, mean", float((found[0] * exact[0]).sum(axis=1).mean()), 500))
        report.add(Row(name, "en", "cosine, least", float((found[0] * exact[0]).sum(axis=1).min()), 500))
        report.add(Row(name, "en", "recall@10 overlap", overlap(found, exact), 500))
    report.add(Row("MiniLM ONNX fp32", "", "seconds to first vector, new process", start("minilm", None)))


def overlap(found: tuple[Any, Any], exact: tuple[Any, Any]) -> float:
    """Return the mean share of the ten nearest that two encoders have in common."""
    tops = [np.argsort(-(queries @ targets.T), axis=1)[:, :10] for queries, targets in (found, exact)]
    return float(np.mean([len(set(a) & set(b)) / 10 for a, b in zip(*tops, strict=True)]))


def start(spec: str, encoder: StaticEncoder | None) -> float:
    """Return the CPU-seconds from the start of Python to one vector."""
    import resource
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        if encoder is not None:
            spec = str(Path(folder) / "model")
            encoder.save(spec)
        code = "import sys; from textnorm.encoders import load_encoder; load_encoder(sys.argv[1]).encode(['nurse'])"
        environment = {**os.environ, "PYTHONPATH": str(data.ROOT)}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code, spec], env=environment, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def quality(report: Report, esco: Esco, name: str, encode: Callable[[Sequence[str]], Any], note: str = "") -> None:
    """Add the mean reciprocal rank of one encoder on each task."""
    for task, (queries, right, targets) in esco.tasks().items():
        ranks = reciprocal_ranks(encode(queries), right, encode(targets))
        report.add(mean(task, "en", f"MRR {name}", ranks, note))


def trained(
    report: Report,
    esco: Esco,
    name: str,
    sources: Any,
    settings: TrainSettings | None = None,
    options: FeatureSettings | None = None,
    texts: Sequence[str] = (),
) -> None:
    """Train an encoder; add its quality and the pairs per CPU-second."""
    events: list[TrainEvent] = []
    with cpu_time() as clock:
        encoder = train_static(
            sources, texts=texts, settings=settings, feature_settings=options, on_event=events.append
        )
    quality(report, esco, name, encoder.encode, f"{clock.seconds:.1f} CPU-s of training")
    report.add(Row("training", "en", f"pairs per CPU-s {name}", events[-1].pairs / clock.seconds, events[-1].pairs))


def training(report: Report, esco: Esco) -> None:
    """Quality on names that were kept out, and pairs per CPU-second beside torch."""
    known = esco.known()
    every = [*esco.targets, *(name for names in known.values() for name in names)]
    quality(report, esco, "untrained", StaticEncoder.untrained().encode)
    quality(report, esco, "counted", StaticEncoder.weighted(every).encode)
    if (tfidf := char_tfidf(every)) is not None:
        quality(report, esco, "char TF-IDF", tfidf)
    trained(report, esco, "trained (default)", known)
    found = transformers()
    for name in ("MiniLM ONNX fp32", "MiniLM torch fp32"):
        if name in found:
            quality(report, esco, "MiniLM, not trained", found[name].encode)
            break
    against_torch(report, known)


def ablation(report: Report, esco: Esco) -> None:
    """Quality by temperature, negatives, passes, size, n-grams, batch, sources of pairs, and with few pairs."""
    known = esco.known()
    names = names_source(known)
    trained(report, esco, "scale 20", known, TrainSettings(scale=20))
    trained(report, esco, "no near groups", known, TrainSettings(hard=0))
    trained(report, esco, "scale 20, no near groups", known, TrainSettings(scale=20, hard=0))
    trained(report, esco, "1 pass", known, TrainSettings(passes=1))
    trained(report, esco, "4 passes", known, TrainSettings(passes=4))
    trained(report, esco, "256 dimensions", known, TrainSettings(dim=256))
    trained(report, esco, "batch 256", known, TrainSettings(batch=256))
    trained(report, esco, "n-grams 3-4", known, options=FeatureSettings(min_n=3))
    trained(report, esco, "n-grams 2-5", known, options=FeatureSettings(max_n=5))
    few = names_source(dict(list(known.items())[::20]))
    alone = [name for group in known.values() for name in group]
    trained(report, esco, "pairs of a twentieth", [few], texts=alone)
    trained(report, esco, "pairs of a twentieth, no damping", [few], TrainSettings(damping=0), texts=alone)
    skills = attributes_source(known, esco.skills)
    trained(report, esco, "skills alone", [skills])
    above = parents_source({**known, **esco.groups}, esco.parents, weight=DEFAULTS["parents"])
    trained(report, esco, "names + parents", [names, above])
    beside = attributes_source(known, esco.skills, weight=DEFAULTS["attributes"])
    trained(report, esco, "names + skills", [names, beside])
    trained(report, esco, "names + noise", [names, noise_source(known, weight=DEFAULTS["noise"])])


def char_tfidf(texts: Sequence[str]) -> Callable[[Sequence[str]], Any] | None:
    """Return character TF-IDF as in the field's baselines: 2- to 4-grams inside words, sublinear, L2."""
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError:
        print("char TF-IDF is left out: scikit-learn is not installed.", file=sys.stderr)
        return None
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
    vectors.fit(texts)
    return lambda given: vectors.transform(list(given))


def against_torch(report: Report, known: dict[str, list[str]], steps: int = 60, batch: int = 1024) -> None:
    """Pairs per CPU-second of the same model in torch: EmbeddingBag, SparseAdam, one thread; features made before."""
    try:
        import torch
    except ImportError:
        report.notes.append("torch is not installed: no comparison of training speeds.")
        return
    torch.set_num_threads(1)
    torch.manual_seed(0)
    settings = FeatureSettings()
    groups = [names for names in known.values() if len(set(names)) > 1]
    texts = sorted({name for names in groups for name in names})
    number = {text: i for i, text in enumerate(texts)}
    found = features(texts, settings)
    words = np.split(found.word_rows, found.word_indptr[1:-1])
    flat = [
        torch.from_numpy(np.concatenate([words[w] for w in found.text_words[a:b]]))
        for a, b in zip(found.text_indptr[:-1], found.text_indptr[1:], strict=True)
    ]
    bag = torch.nn.EmbeddingBag(settings.buckets, 128, mode="sum", sparse=True)
    torch.nn.init.normal_(bag.weight, std=0.1)
    optimizer = torch.optim.SparseAdam(bag.parameters(), lr=0.02)
    rng = np.random.default_rng(0)

    def side(items: Sequence[int]) -> Any:
        parts = [flat[item] for item in items]
        offsets = torch.tensor([0, *np.cumsum([len(part) for part in parts])[:-1]])
        return torch.nn.functional.normalize(bag(torch.cat(parts), offsets))

    with cpu_time() as clock:
        for _ in range(steps):
            chosen = [rng.permutation(groups[i])[:2] for i in rng.permutation(len(groups))[:batch]]
            left, right = (side([number[str(pair[k])] for pair in chosen]) for k in (0, 1))
            scores = 20 * left @ right.T
            goal = torch.arange(batch)
            loss = torch.nn.functional.cross_entropy(scores, goal) + torch.nn.functional.cross_entropy(scores.T, goal)
            optimizer.zero_grad()
            (loss / 2).backward()
            optimizer.step()
    note = "EmbeddingBag + SparseAdam, same features, batch and objective; features not counted"
    report.add(Row("training", "en", "pairs per CPU-s torch", steps * batch / clock.seconds, steps * batch, note=note))


def gpu(report: Report, esco: Esco) -> None:
    """Texts per second on the clock in half precision, and what share of the card's arithmetic that is."""
    try:
        import torch
    except ImportError:
        report.notes.append("GPU: torch is not installed, nothing measured.")
        return
    if not torch.cuda.is_available():
        report.notes.append("GPU: torch sees none here, nothing measured.")
        return
    card = torch.cuda.get_device_name()
    peak = next((value for key, value in PEAKS.items() if key in card), float("nan"))
    encoder: Any = load_encoder("minilm", device="cuda")
    exact: Any = load_encoder("minilm", device="cuda", precision="float32")
    titles = esco.titles()
    sets = {"titles": titles, "sentences": sentences_of_web()}
    for name, texts in sets.items():
        if not texts:
            continue
        encoder.encode(texts)
        begun = time.perf_counter()
        rows_half = encoder.encode(texts)
        torch.cuda.synchronize()
        seconds = time.perf_counter() - begun
        flops = sum(flops_of(encoder.runner.model, text) for text in texts)
        share = flops / seconds / 1e12 / peak
        report.add(Row(card, "en", f"{name} per second", len(texts) / seconds, len(texts)))
        report.add(Row(card, "en", f"share of peak arithmetic, {name}", share, note=f"peak {peak:g} TFLOP/s"))
        cosine = float((rows_half[:1000] * exact.encode(texts[:1000])).sum(axis=1).mean())
        report.add(Row(card, "en", f"cosine to float32, {name}", cosine, min(1000, len(texts))))


def flops_of(model: Any, text: str) -> float:
    """Return the multiplications and additions of one text: 2 a weight and token, and attention."""
    tokens = len(model.tokenizer(text, truncation=True, max_length=model.max_seq_length)["input_ids"])
    config = model[0].auto_model.config
    hidden, inner, layers = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    weights = layers * (4 * hidden * hidden + 2 * hidden * inner)
    return float(2 * weights * tokens + layers * 4 * hidden * tokens * tokens)


PARTS = {"static": static, "transformer": transformer, "training": training, "ablation": ablation, "gpu": gpu}


if __name__ == "__main__":
    main()
