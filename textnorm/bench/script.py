"""``textnorm bench script``: text in another script's letters, Lithuanian without its own, old spellings.

Models are trained here on what is left when the test sentences are taken out, so no clean sentence stands on both
sides; only ``lt-diacritics`` is the model that ships (trained on legal acts, tested on news). Noise for testing has
another seed than that for training. Levels count all character types of a line (Ahmadi and Anastasopoulos 2023). Our
own noise is heavier than that of the seed system, whose procedure is therefore repeated beside it (sets ``seed``).
"""

from __future__ import annotations

import json
import random
import unicodedata
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from rapidfuzz.distance import Levenshtein

from textnorm.bench.report import Report, Row, cpu_time, data_folder, need, share
from textnorm.bench.script_models import PAIRS, TEST, Pair, material, plan_of, table_of
from textnorm.normalizers.script.adapt import Adapting
from textnorm.normalizers.script.counting import Plan
from textnorm.normalizers.script.model import ScriptModel
from textnorm.normalizers.script.noise import Noise
from textnorm.normalizers.script.normalizer import make_script
from textnorm.normalizers.script.table import read_pairs, read_text
from textnorm.normalizers.script.train import train

LEVELS = (20, 60, 100)
FOLDS = 5
SEED = 2027
#: Lines of one synthetic document: one writer, who replaces a letter the same way throughout.
DOCUMENT = 10
#: The seed system's table of alternatives of each letter, by pair (development data; nothing is learned from it).
ALIGNED = {
    "script-azb-from-persian": "AzeriTurkish_Persian",
    "script-glk-from-persian": "Gilaki_Persian",
    "script-hac-from-persian": "Gorani_Persian",
    "script-hac-from-arabic": "Gorani_Arabic",
    "script-hac-from-sorani": "Gorani_Sorani",
    "script-kas-from-urdu": "Kashmiri_Urdu",
    "script-snd-from-urdu": "Sindhi_Urdu",
}
STRIPPED = str.maketrans("ąčęėįšųūžĄČĘĖĮŠŲŪŽ", "aceeisuuzACEEISUUZ")
Reader = Callable[[Sequence[str]], list[str]]


def run(data: Path | None) -> Report:
    """Measure; see the module.

    Raises:
        UsageError: the data are not there.
    """
    folder = data_folder(data)
    report = Report("script")
    for pair in PAIRS:
        if pair.pairs:
            _synthetic(pair, folder, report)
    _real(folder, report)
    _lithuanian(folder, report)
    _historical(folder, report)
    report.notes += [
        "CER: character edits / characters of the right text, micro. exact: share of lines.",
        "copy: the text as it is. likeliest: each letter by its likeliest reading. 20, 60, 100: level of noise, %.",
        "given: the pairs of the development data, levels mixed. clean: right text; the share of words left unchanged.",
        "seed 20, 60, 100: noise by the procedure of the seed system, which may replace a letter by itself.",
        f"documents: our noise, {DOCUMENT} lines of one writer; read line by line, and with --document.",
        "running text: words of histnorm one after the other as one document, as with --document.",
        "real, 5 folds: each line is read by a model that saw the word list and the other folds' pairs.",
    ]
    return report


def apply(model: ScriptModel, texts: Sequence[str], documents: Sequence[int] | None = None) -> list[str]:
    """Return texts as a model reads them; every line is a document, unless the number of its document is given."""
    spans = [model.spans(text) for text in texts]
    found = model.read(texts, spans, documents)
    out: list[list[str]] = [[] for _ in texts]
    ends = [0] * len(texts)
    for k, i in enumerate(found.text.tolist()):
        a, b = int(found.start[k]), int(found.end[k])
        out[i] += [texts[i][ends[i] : a], model.memo.texts[found.rows.reading[found.best[k]]]]
        ends[i] = b
    return ["".join(parts) + text[end:] for parts, text, end in zip(out, texts, ends, strict=True)]


def cer(got: Iterable[str], right: Sequence[str]) -> float:
    """Return character edits over characters of the right texts."""
    edits = sum(Levenshtein.distance(_nfc(g), _nfc(r)) for g, r in zip(got, right, strict=True))
    return edits / max(1, sum(len(_nfc(r)) for r in right))


def unchanged(got: Sequence[str], right: Sequence[str]) -> tuple[int, int]:
    """Return how many words stand at their place, and how many there are."""
    words = [(g.split(), r.split()) for g, r in zip(got, right, strict=True)]
    return sum(x == y for g, r in words for x, y in zip(g, r, strict=False)), sum(len(r) for _, r in words)


def likeliest(model: ScriptModel) -> Reader:
    """Return the baseline that reads each letter by its likeliest reading, whatever stands around it."""
    letters: dict[str, float] = {}
    context = model.lm
    for char in context.alphabet.chars:
        letters[char] = float(context.words([char])[0])
    best: dict[int, str] = {}
    for source, arcs in model.channel.by_source.items():
        if len(source) == 1:
            ranked = max(
                (a for a in arcs if len(model.channel.targets[a]) == 1),
                key=lambda a: letters.get(model.channel.targets[a], -30.0) - float(model.channel.mixed[a]),
                default=None,
            )
            if ranked is not None:
                best[ord(source)] = model.channel.targets[ranked]
    return lambda texts: [text.translate(best) for text in texts]


def seed_noise(text: str, forms: Mapping[str, Sequence[str]], level: float, draw: random.Random) -> str:
    """Return a text with noise by the procedure of the seed system (Ahmadi and Anastasopoulos 2023).

    Types of characters are drawn until as many as the level says, of all that stand in the text, have alternatives;
    each is replaced by one of them throughout. A letter that is drawn as itself counts as replaced.
    """
    types = sorted(set(text))
    wanted = round(len(types) * level)
    draw.shuffle(types)
    drawn = {char: draw.choice(forms[char]) for char in [c for c in types if c in forms][:wanted]}
    return "".join(drawn.get(char, char) for char in text)


def seed_forms(pair: Pair, folder: Path) -> dict[str, list[str]]:
    """Return the alternatives of each letter by the seed system's table; most are the letter itself."""
    path = need(folder, [f"script/perso/CAT/{ALIGNED[pair.name]}_character_alginment_matrix.json"])[0]
    table = json.loads("\n".join(read_text(path)))
    forms = {char: [other for other in others if other != "▁"] for char, others in table.items() if char != "▁"}
    return {char: others for char, others in forms.items() if others and char.isalpha()}  # its pairs keep the marks


def held_out(pair: Pair, folder: Path) -> tuple[ScriptModel, list[tuple[str, str]]]:
    """Return a model, and pairs whose clean side it never saw."""
    lines, pairs = material(pair, folder)
    test = set(list(dict.fromkeys(target for _, target in pairs))[::TEST])
    bare = {_bare(target) for target in test}
    kept = [(s, t) for s, t in pairs if _bare(t) not in bare]
    lines = [line for line in lines if _bare(line) not in bare]
    model = train([*lines, *(t for _, t in kept)], table_of(pair.table), kept, plan_of())
    return model, [(s, t) for s, t in pairs if t in test]


def _synthetic(pair: Pair, folder: Path, report: Report) -> None:
    with cpu_time() as training:
        model, pairs = held_out(pair, folder)
    given, right = [s for s, _ in pairs], [t for _, t in pairs]
    arcs = [(a.source, a.target, a.prob) for a in model.channel.arcs if a.prob > 0.01]
    sets = {"given": given}
    for level in LEVELS:
        noise = Noise.of_arcs(arcs, level / 100, counted="all", seed=SEED + level)
        sets[str(level)] = [noise(text) for text in right]
    forms = seed_forms(pair, folder)
    for level in LEVELS:
        draw = random.Random(SEED + level)
        sets[f"seed {level}"] = [seed_noise(text, forms, level / 100, draw) for text in right]
    baseline = likeliest(model)
    best = model.settings
    for name, texts in sets.items():
        model.memo.clear()
        with cpu_time() as first:
            got = apply(model, texts)
        with cpu_time() as again:
            apply(model, texts)
        label = f"{pair.name} {name}"
        n = len(texts)
        for measure, value in (
            ("CER copy", cer(texts, right)),
            ("CER likeliest", cer(baseline(texts), right)),
            ("CER", cer(got, right)),
        ):
            report.add(Row(label, pair.lang, measure, value, n))
        report.add(share(label, pair.lang, "exact", sum(g == r for g, r in zip(got, right, strict=True)), n))
        _overlap(label, pair.lang, got, right, report)
        if name == "given":
            size = sum(map(len, texts))
            report.add(Row(label, pair.lang, "chars/CPU-s first", size / max(first.seconds, 1e-3), n))
            report.add(Row(label, pair.lang, "chars/CPU-s again", size / max(again.seconds, 1e-3), n))
            for what, settings in (
                ("CER, not adapted, no gate", replace(best, adapting=Adapting(rounds=-1), margin=0.0)),
                ("CER, adapted to the level only", replace(best, adapting=replace(best.adapting, rounds=0))),
                ("CER, without the gate", replace(best, margin=0.0)),
            ):
                model.settings = settings
                report.add(Row(label, pair.lang, what, cer(apply(model, texts), right), n))
            model.settings = best
            context, model.context = model.context, None
            report.add(Row(label, pair.lang, "CER, without the lexicon", cer(apply(model, texts), right), n))
            model.context = context
    documents = [i // DOCUMENT for i in range(len(right))]
    for level in LEVELS:
        noise = Noise.of_arcs(arcs, level / 100, counted="all", seed=SEED + level)
        texts = []
        for at in range(0, len(right), DOCUMENT):
            lines = right[at : at + DOCUMENT]
            drawn = noise.letters("\n".join(lines))
            texts += [noise.write(line, drawn) for line in lines]
        label = f"{pair.name} documents {level}"
        report.add(Row(label, pair.lang, "CER copy", cer(texts, right), len(texts)))
        report.add(Row(label, pair.lang, "CER, by line", cer(apply(model, texts), right), len(texts)))
        got = apply(model, texts, documents)
        report.add(Row(label, pair.lang, "CER, with --document", cer(got, right), len(texts)))
    label = f"{pair.name} clean"
    report.add(share(label, pair.lang, "words unchanged", *unchanged(apply(model, right), right)))
    model.settings = replace(best, margin=0.0)
    report.add(share(label, pair.lang, "words unchanged, without the gate", *unchanged(apply(model, right), right)))
    report.add(Row(pair.name, pair.lang, "training CPU-s", training.seconds))


def _real(folder: Path, report: Report) -> None:
    words = read_text(*need(folder, ["script/perso/wordlist/ckb_Pewan_corpus_wordlist.txt"]))
    for script in ("Arabic", "Persian"):
        path = need(folder, [f"script/perso/real/Sorani-{script}.dev.jsonl"])[0]
        rows = [json.loads(line) for line in read_text(path) if line]
        pairs = [(row["src"], row["trg"]) for row in rows]
        table = table_of(f"kurdish-from-{script.lower()}")
        right = [t for _, t in pairs]
        got, joined = [""] * len(pairs), [""] * len(pairs)
        for fold in range(FOLDS):
            kept = [p for i, p in enumerate(pairs) if i % FOLDS != fold]
            test = [i for i in range(len(pairs)) if i % FOLDS == fold]
            sources = [pairs[i][0] for i in test]
            with_pairs = train([*words, *(t for _, t in kept)], table, kept, plan_of())
            together = apply(with_pairs, sources, [0] * len(sources))
            for i, text, in_document in zip(test, apply(with_pairs, sources), together, strict=True):
                got[i], joined[i] = text, in_document
        without = train(words, table, (), plan_of())
        plain = apply(without, [s for s, _ in pairs])
        label = f"real Sorani-{script}, {FOLDS} folds"
        report.add(Row(label, "ckb", "CER copy", cer((s for s, _ in pairs), right), len(pairs)))
        report.add(Row(label, "ckb", "CER", cer(got, right), len(pairs)))
        report.add(Row(label, "ckb", "CER, a fold as one document", cer(joined, right), len(pairs)))
        report.add(Row(label, "ckb", "CER, without real pairs", cer(plain, right), len(pairs)))
        unmarked = [_letters(t) for t in right]
        report.add(Row(label, "ckb", "CER, punctuation aside", cer(map(_letters, got), unmarked), len(pairs)))


def _lithuanian(folder: Path, report: Report) -> None:
    right = [line for line in read_text(*need(folder, ["lt/text_news.txt.gz"])) if line.strip()]
    texts = [line.translate(STRIPPED) for line in right]
    label = "lt-diacritics, news without letters"
    report.add(share(label, "lt", "words copy", *unchanged(texts, right)))
    modes: tuple[Literal["off", "auto"], ...] = ("off", "auto")
    for lemmas in modes:
        component = make_script("lt-diacritics", lemmas=lemmas)
        if lemmas == "auto" and component.model.memo.asked is None:
            report.notes.append("simplemma is not installed: no figure with its dictionary.")
            continue
        note = "with simplemma's dictionary" if lemmas == "auto" else "the model alone"
        with cpu_time() as first:
            got = component(texts).apply(texts)
        with cpu_time() as again:
            component(texts)
        size = sum(map(len, texts))
        report.add(share(label, "lt", "words", *unchanged(got, right), note))
        report.add(
            share(
                "lt-diacritics, clean news",
                "lt",
                "words unchanged",
                *unchanged(component(right).apply(right), right),
                note,
            )
        )
        report.add(Row(label, "lt", "chars/CPU-s first", size / first.seconds, len(texts), note=note))
        report.add(Row(label, "lt", "chars/CPU-s again", size / again.seconds, len(texts), note=note))
    for what, other in (
        ("words, without the lexicon", make_script("lt-diacritics", lexicon=False)),
        ("words, not adapted", make_script("lt-diacritics", adapt=False)),
    ):
        report.add(share(label, "lt", what, *unchanged(other(texts).apply(texts), right)))
    english = [line for line in read_text(*need(folder, ["text/en_EWT.txt.gz"])) if line.strip()][::20]
    for identify in modes:
        component = make_script("lt-diacritics", lemmas="auto", identify=identify)
        kept = unchanged(component(english).apply(english), english)
        note = "with py3langid" if identify == "auto" else "no identification"
        report.add(share("lt-diacritics, English text", "en", "words unchanged", *kept, note))
        hits = unchanged(component(texts).apply(texts), right)
        report.add(share(label, "lt", "words, simplemma too", *hits, note))


def _historical(folder: Path, report: Report) -> None:
    for lang, name in (
        ("is", "icelandic/icelandic-icepahc"),
        ("sl", "slovene/slovene-goo300k-bohoric"),
        ("de", "german/german-ridges"),
    ):
        paths = need(folder, [f"script/histnorm/{name}.{part}.txt" for part in ("train", "dev")])
        (known, _), (test, _) = read_pairs(paths[0]), read_pairs(paths[1])
        for fold, what in ((False, "word accuracy"), (True, "word accuracy, lower case")):
            lower = [(s.lower(), t.lower()) if fold else (s, t) for s, t in known]
            asked = [(s.lower(), t.lower()) if fold else (s, t) for s, t in test]
            with cpu_time() as training:
                model = train([t for _, t in lower], {}, lower, Plan(order=7))
            sources = [s for s, _ in asked]
            label = f"histnorm {Path(name).name} dev"
            seen = model.memory if model.memory is not None else ()
            report.add(share(label, lang, f"{what}, copy", sum(s == t for s, t in asked), len(asked)))
            got = apply(model, sources)
            _hits(report, label, lang, what, got, asked, seen)
            running = apply(model, sources, [0] * len(sources))
            _hits(report, label, lang, f"{what}, running text", running, asked, seen)
            speller, model.speller = model.speller, None
            _hits(report, label, lang, f"{what}, without the speller", apply(model, sources), asked, seen)
            model.speller = speller
            report.add(Row(label, lang, f"{what}, training CPU-s", training.seconds))


def _hits(
    report: Report,
    label: str,
    lang: str,
    what: str,
    got: Sequence[str],
    asked: Sequence[tuple[str, str]],
    seen: Container[str],
) -> None:
    hits = [g == t for g, (_, t) in zip(got, asked, strict=True)]
    report.add(share(label, lang, what, sum(hits), len(asked)))
    fresh = [hit for hit, (s, _) in zip(hits, asked, strict=True) if s not in seen]
    report.add(share(label, lang, f"{what}, unseen words", sum(fresh), len(fresh)))


def _overlap(label: str, lang: str, got: Sequence[str], right: Sequence[str], report: Report) -> None:
    """Add BLEU and chrF where sacrebleu is installed."""
    try:
        import sacrebleu
    except ImportError:
        return
    report.add(Row(label, lang, "BLEU", sacrebleu.corpus_bleu(list(got), [list(right)]).score, len(right)))
    report.add(Row(label, lang, "chrF", sacrebleu.corpus_chrf(list(got), [list(right)]).score, len(right)))


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip())


def _bare(text: str) -> str:
    return "".join(filter(str.isalpha, text))


def _letters(text: str) -> str:
    return " ".join("".join(c for c in text if c.isalnum() or c.isspace()).split())
