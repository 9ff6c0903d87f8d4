"""``train encoder``: what it learns holds for concepts kept out; figures, files, options, bad input."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("scipy.sparse", reason="training needs scipy (extra: linking)")

import jobs

from textnorm.cli import main
from textnorm.encoders import StaticEncoder, load_encoder
from textnorm.encoders.attributes import encode_with, weight_of
from textnorm.errors import DataError, UsageError
from textnorm.linking import heldout, objective
from textnorm.linking.tables import Names
from textnorm.linking.train import Plan, static_encoder, titles_of, train

QUICK = {"dim": 24, "batch": 32, "passes": 20}
NAMES, FACTS = jobs.names(), jobs.facts()


def plan(**changes):
    return Plan(**{"settings": QUICK, "held_out": 5, **changes})


def figure(report, encoder, setting="name"):
    return next(score.mrr for score in report.scores if (score.encoder, score.setting) == (encoder, setting))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("train") / "model"
    return folder, train(Names(jobs.rows()), FACTS, plan(each=True), folder)


def test_what_is_learned_holds_for_concepts_kept_out(trained):
    _, report = trained
    assert figure(report, "trained") > figure(report, "untrained") + 0.2
    assert figure(report, "trained") > figure(report, "character TF-IDF") + 0.2
    assert set(report.objectives) == {"names", "parents"}
    assert {score.encoder for score in report.scores} >= {"trained on names alone", "trained on parents alone"}


def test_attributes_of_a_query_help(trained):
    _, report = trained
    assert figure(report, "trained", "name + attributes") >= figure(report, "trained")


def test_the_model_is_kept_with_its_figures_and_serves(trained):
    folder, report = trained
    encoder = load_encoder(folder)
    assert isinstance(encoder, StaticEncoder)
    assert encoder.name == "model"
    measured = encoder.card["measured on concepts kept out, in training without them"]
    assert measured[0] == report.scores[0].record()
    assert encoder.card["objectives"] == report.objectives
    near, far = encoder.encode(["medix of lorba", "cook minke"]) @ encoder.encode(["nurse lorba"])[0]
    assert near > far + 0.3


def test_the_kept_model_is_trained_on_all_concepts_unless_it_shall_not(trained, tmp_path):
    folder, _ = trained
    quick = plan(settings={**QUICK, "passes": 2}, refit=False)
    train(Names(jobs.rows()), FACTS, quick, tmp_path / "measured")
    groups = {
        name: load_encoder(where).card["sources"]["names"]["groups"]
        for name, where in (("all", folder), ("measured", tmp_path / "measured"))
    }
    kept = sum(heldout.kept_out(concept, 5) for concept in NAMES)
    assert groups["all"] - groups["measured"] == kept > 0


def test_a_split_keeps_concepts_apart():
    titles = {concept: group[0] for concept, group in NAMES.items()}
    attributes = {concept: fact["attributes"] for concept, fact in FACTS.items()}
    part = heldout.split(titles, NAMES, attributes, parts=5)
    assert 0 < len(part.kept) < len(titles)
    assert not part.kept & set(part.without(NAMES))
    for query, drawn, gold in zip(part.queries, part.attributes, part.gold, strict=True):
        concept = list(titles)[gold]
        assert concept in part.kept
        assert query in NAMES[concept][1:]
        assert set(drawn) <= set(attributes[concept])
        assert 3 <= len(drawn) <= 5
    again = heldout.split(titles, NAMES, attributes, parts=5)
    assert (again.queries, again.attributes) == (part.queries, part.attributes)


def test_ranks_count_ties_half():
    queries, titles = np.eye(3)[[0, 0]], np.array([[1.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    assert heldout.ranks(queries, titles, np.array([0, 2])).tolist() == [1.5, 3.0]


def test_tfidf_finds_what_shares_letters():
    titles = {"a": "senior baker", "b": "junior tailor", "c": "pilot"}
    part = heldout.Split(frozenset("abc"), ["bakers", "tailoring"], [[], []], np.array([0, 1]), list(titles.values()))
    (score,) = heldout.tfidf("t", part, [])
    assert score.ranks.tolist() == [1, 1]


def test_objectives_fit_the_base():
    assert set(objective.default_objectives(NAMES, {})) == {"names"}
    alone = {concept: group[:1] for concept, group in NAMES.items()}
    assert set(objective.default_objectives(alone, FACTS)) == {"attributes", "noise"}
    assert objective.default_objectives(alone, {}) == {}
    with_parents = {**alone, "nurse": ["nurse"], "cook": ["cook"]}
    assert set(objective.default_objectives(with_parents, FACTS)) == {"parents", "attributes", "noise"}


def test_the_encoder_of_an_index_learns_from_attributes_where_there_are_no_synonyms():
    alone = {concept: group[:1] for concept, group in NAMES.items()}
    encoder = static_encoder(alone, FACTS)
    near, far = encoder.encode(["esrun care", "kooc care"]) @ encoder.encode(["nurse lorba"])[0]
    assert near > far + 0.1
    assert static_encoder(alone).name == "index"  # nothing to train on: only weighed


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_the_same_for_a_seed_and_keeps_most_letters(seed):
    source = objective.noise_source({"a": ["head nurse of the ward"], "b": ["cook"], "c": ["it"]}, seed=seed)
    assert (
        source.left
        == objective.noise_source({"a": ["head nurse of the ward"], "b": ["cook"], "c": ["it"]}, seed=seed).left
    )
    for slipped, (name,) in zip(source.left, source.right, strict=True):
        for text in slipped:
            assert text
            assert set(text) <= set(name)


def test_descriptions_fall_into_pieces_or_name_skills():
    text = "We bake bread, mix dough.\n• Clean the oven; greet guests"
    assert objective.pieces(text) == ["We bake bread", "mix dough", "Clean the oven", "greet guests"]
    known = {"mix dough": "mix dough", "clean the oven": "clean the oven", "fly": "fly"}
    assert objective.mentioned(text, known) == ["mix dough", "clean the oven"]
    assert objective.mentioned("", known) == []


def test_pairs_of_title_and_description(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("title\tdescription\nbaker\tmix dough, bake bread. clean the oven\ncook\tfry, boil\nx\t\n", "utf-8")
    assert objective.read_pairs(str(path)) == [
        ("baker", ["mix dough", "bake bread", "clean the oven"]),
        ("cook", ["fry", "boil"]),
    ]
    found = objective.read_pairs(str(path), ["Mix dough", "bake bread", "clean the oven", "sing"])
    assert found[0] == ("baker", ["Mix dough", "bake bread", "clean the oven"])
    path.write_text("title\tdescription\nbaker\tmix\n", "utf-8")
    with pytest.raises(DataError, match="fewer than two"):
        objective.read_pairs(str(path))


def test_a_title_is_a_preferred_name_or_the_first():
    rows = [
        ("1", "b", None, None, None, None),
        ("1", "a", None, "preferred", None, None),
        ("2", "c", None, None, None, None),
    ]
    assert titles_of(Names(rows)) == {"1": "a", "2": "c"}


def test_attributes_beside_a_text():
    encoder = StaticEncoder.untrained(dim=16)
    rows = encode_with(encoder, ["nurse", "cook"], [[], ["fry", "boil"]])
    plain = encoder.encode(["nurse", "cook"])
    assert (rows[0] == plain[0]).all()
    assert abs((rows[1] ** 2).sum() - 1) < 1e-5
    both = plain[1] + 0.5 * encoder.encode(["fry, boil"])[0]
    assert np.allclose(rows[1], both / np.linalg.norm(both), atol=1e-6)
    encoder.card["attribute_weight"] = 0.0
    assert weight_of(encoder) == 0
    assert (encode_with(encoder, ["cook"], [["fry"]]) == plain[1]).all()
    with pytest.raises(UsageError, match="2 texts, but attributes for 1"):
        encode_with(encoder, ["a", "b"], [[]])


# -- the command -----------------------------------------------------------------------------------------------------
@pytest.fixture
def tables(tmp_path):
    names, concepts = tmp_path / "names.tsv", tmp_path / "concepts.tsv"
    lines = ["concept_id\tname\tlang", *(f"{row[0]}\t{row[1]}\t{row[2]}" for row in jobs.rows())]
    names.write_text("\n".join(lines) + "\n", "utf-8")
    lines = ["concept_id\tparents\tattributes"]
    lines += [f"{c}\t{'|'.join(f['parents'])}\t{'|'.join(f['attributes'])}" for c, f in FACTS.items()]
    concepts.write_text("\n".join(lines) + "\n", "utf-8")
    return names, concepts


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_the_command_prints_figures_and_makes_a_model(tables, tmp_path):
    names, concepts = tables
    made = tmp_path / "m"
    got = run(
        "train", "encoder", names, "--concepts", concepts, "-o", made, "--dim", 16, "--passes", 10, "--held-out", 5
    )
    assert got.exit_code == 0, got.output
    assert "character TF-IDF" in got.output
    assert "name + attributes" in got.output
    assert load_encoder(made).dim == 16
    got = run(
        *(
            "train",
            "encoder",
            names,
            "-o",
            made,
            "--dim",
            8,
            "--passes",
            2,
            "--held-out",
            0,
            "--objective",
            "names=2",
            "--json",
        )
    )
    assert got.exit_code == 0, got.output
    figures = json.loads(got.stdout)
    assert figures["scores"] == []
    assert figures["objectives"] == {"names": 2.0}
    assert load_encoder(made).dim == 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--objective", "nams"], "There is no objective 'nams'"),
        (["--objective", "names=x"], "'x' is no number"),
        (["--objective", "names=0"], "must be above 0"),
        (["--held-out", "1"], "at least 2"),
        (["--steps", "3"], "--steps is no option of the kind static"),
        (["--kind", "adapter", "--dim", "3"], "--dim is no option of the kind adapter"),
        (["--pairs", "no.tsv"], "no.tsv"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_read(tables, tmp_path, arguments, message):
    got = run("train", "encoder", tables[0], "-o", tmp_path / "m", *arguments)
    assert got.exit_code == 2
    assert message in got.output
    assert not (tmp_path / "m").exists()


def test_a_folder_of_something_else_is_left_alone(tables, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine", "utf-8")
    got = run("train", "encoder", tables[0], "-o", tmp_path / "other", "--held-out", 0)
    assert got.exit_code == 2
    assert "holds no static encoder" in got.output
    assert (tmp_path / "other" / "thesis.txt").read_text("utf-8") == "mine"


def test_a_base_without_synonyms_is_told_what_is_missing(tmp_path):
    path = tmp_path / "n.tsv"
    path.write_text("concept_id\tname\n1\tnurse\n2\tcook\n", "utf-8")
    got = run("train", "encoder", path, "-o", tmp_path / "m")
    assert got.exit_code == 1
    assert "nothing to train on" in got.output
