"""Records in, clusters out; bad input is named."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from textnorm.cli import main
from textnorm.errors import DataError, UnknownNameError, UsageError
from textnorm.normalizers.coref import NameResolver
from textnorm.normalizers.coref.records import resolve_record
from textnorm.normalizers.coref.tables import load_tables

TOKENS = ["Ada", "Stone", "met", "the", "WHO", ".", "Stone", "left", "."]


def names(*args, stdin, code=0):
    result = CliRunner().invoke(main, ["names", *args], input=stdin)
    assert result.exit_code == code, (result.exit_code, result.stderr, result.exception)
    assert "Traceback" not in result.output
    return result


def run(*records, args=()):
    result = names(*args, stdin="".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
    return [json.loads(line) for line in result.stdout.splitlines()], result.stderr


def test_tokens_give_token_offsets():
    ([out], _) = run({"id": "a", "tokens": TOKENS, "mentions": [{"start": 0, "end": 2}, {"start": 6, "end": 7}]})
    assert out["clusters"] == [{"canonical": "Ada Stone", "type": "person", "mentions": [[0, 2], [6, 7]]}]
    assert (out["id"], out["tokens"]) == ("a", TOKENS)


def test_text_gives_code_points():
    text = "🙂 Ada Stone met us. Stone left."
    ([out], _) = run({"id": "a", "text": text, "mentions": [{"start": 2, "end": 11}, {"start": 20, "end": 25}]})
    spans = [text[a:b] for a, b in out["clusters"][0]["mentions"]]
    assert spans == ["Ada Stone", "Stone"]


def test_without_mentions_names_are_found():
    text = "Yesterday Dr. Ada Stone met Robert Vale in Texas. Stone left; Vale's car stayed."
    ([out], _) = run({"text": text})
    forms = {c["canonical"]: [text[a:b] for a, b in c["mentions"]] for c in out["clusters"]}
    assert forms == {
        "Ada Stone": ["Dr. Ada Stone", "Stone"],
        "Robert Vale": ["Robert Vale", "Vale"],
        "Texas": ["Texas"],
    }


def test_singletons_and_other_fields_are_kept():
    ([out], _) = run({"id": 7, "tokens": TOKENS, "mentions": [{"start": 4, "end": 5, "type": "ORG"}], "extra": [1]})
    assert out["clusters"] == [{"canonical": "WHO", "type": "organization", "mentions": [[4, 5]]}]
    assert (out["id"], out["extra"]) == (7, [1])


def test_a_line_keeps_its_bytes_and_gets_clusters_behind():
    line = '{ "text":"Ada \\ud83d left",  "n": 1.50, "clusters_old": null }'
    out = names(stdin=line + "\r\n").stdout
    assert out.startswith(line[:-1] + ', "clusters": [')
    assert json.loads(out)["n"] == 1.5


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_what_only_python_takes_for_json_is_refused(word):
    result = names(stdin=f'{{"id": {word}, "text": "Ada Stone left."}}\n', code=1)
    assert f"line 1: no JSON: {word}" in result.stderr
    assert result.stdout == ""


def test_clusters_of_another_run_are_replaced():
    ([once], _) = run({"text": "Ada Stone left. Stone smiled.", "clusters": "old"})
    ([twice], _) = run(once)
    assert once == twice
    assert len(once["clusters"]) == 1


def test_an_empty_document_has_no_clusters():
    outs, err = run({"text": ""}, {"tokens": []}, {"text": "no names here", "mentions": []})
    assert [out["clusters"] for out in outs] == [[], [], []]
    assert err == ""


def test_no_input_gives_no_output():
    assert names(stdin="\n\n").stdout == ""


def test_unknown_types_count_as_other_with_one_warning():
    mentions = [{"start": 0, "end": 2, "type": "WIZARD"}, {"start": 6, "end": 7, "type": "WIZARD"}]
    outs, err = run({"tokens": TOKENS, "mentions": mentions}, {"tokens": TOKENS, "mentions": mentions})
    assert {c["type"] for out in outs for c in out["clusters"]} == {"other"}
    assert err.count("warning") == 1
    assert "'WIZARD' (4)" in err


def test_crossing_mentions_are_named_and_kept():
    mentions = [{"start": 0, "end": 2}, {"start": 1, "end": 3}]
    ([out], err) = run({"id": "x", "tokens": TOKENS, "mentions": mentions})
    assert sorted(m for c in out["clusters"] for m in c["mentions"]) == [[0, 2], [1, 3]]
    assert "line 1 (id 'x')" in err
    assert "[0, 2) and [1, 3)" in err


def test_nested_mentions_are_no_fault():
    mentions = [{"start": 0, "end": 2}, {"start": 1, "end": 2}, {"start": 0, "end": 2}]
    ([out], err) = run({"tokens": TOKENS, "mentions": mentions})
    assert sorted(m for c in out["clusters"] for m in c["mentions"]) == [[0, 2], [1, 2]]
    assert err == ""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "no JSON"),
        ("[1]", "not list"),
        ('{"id": "d"}', "neither a string 'text' nor a list 'tokens'"),
        ('{"tokens": ["a", 1]}', "'tokens' is a list of strings"),
        ('{"text": "abc", "mentions": {}}', "'mentions' is a list, not dict"),
        ('{"text": "abc", "mentions": [{"start": 0, "end": 9}]}', "mention 0 [0, 9) lies outside"),
        ('{"text": "abc", "mentions": [{"start": -1, "end": 2}]}', "mention 0 [-1, 2) lies outside"),
        ('{"text": "abc", "mentions": [{"start": 2, "end": 2}]}', "is empty"),
        ('{"text": "abc", "mentions": [{"start": 2, "end": 1}]}', "ends before it starts"),
        ('{"text": "abc", "mentions": [{"start": true, "end": 2}]}', "whole numbers"),
        ('{"text": "abc", "mentions": [{"start": 0.0, "end": 2}]}', "whole numbers"),
        ('{"text": "abc", "mentions": [{"start": 0, "end": 2, "type": 5}]}', "the type of mention 0"),
        ('{"text": "abc", "lang": 5}', "'lang' is a language code"),
    ],
)
def test_bad_records_are_named(line, said):
    result = names(stdin='{"text": "ok"}\n' + line + "\n", code=1)
    assert result.stderr.startswith("error: standard input, line 2")
    assert said in result.stderr


def test_a_failed_run_leaves_no_output(tmp_path):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"text": "ok"}\n{"text": 5}\n', encoding="utf-8")
    assert "in.jsonl, line 2" in names(str(source), "-o", str(target), stdin="", code=1).stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["missing.jsonl"], "there is no such file"),
        (["--lang", "xx"], "There is no language with tables of names called 'xx'"),
        (["--off", "sieve"], "There is no sieve called 'sieve'"),
        (["--tables", "missing"], "There is no folder or table missing"),
        (["-o", "out.txt"], "JSON Lines"),
    ],
)
def test_bad_options_are_known_before_data(args, said):
    result = names(*args, stdin="{", code=2)
    assert said in result.stderr


def test_evidence_on_demand():
    ([out], _) = run(
        {"tokens": TOKENS, "mentions": [{"start": 0, "end": 2}, {"start": 6, "end": 7}]}, args=["--evidence"]
    )
    (cluster,) = out["clusters"]
    assert cluster["evidence"] == [{"form": "Stone", "other": "Ada Stone", "sieve": "single_name", "confidence": 0.8}]


def test_a_mention_that_cuts_a_word():
    found = resolve_record({"text": "Adastone", "mentions": [{"start": 0, "end": 3}]}, NameResolver("en"), "x")
    assert [cluster.canonical for cluster in found.clusters] == ["Ada"]


def test_long_mentions_are_compared_whole():
    words = [f"W{k}" for k in range(600)]
    mentions = [{"start": 3 * k, "end": 600} for k in range(150)]
    found = resolve_record({"tokens": words, "mentions": mentions}, NameResolver("en"), "x")
    assert sum(len(cluster.mentions) for cluster in found.clusters) == 150


def test_a_mention_of_nothing_but_signs():
    found = resolve_record({"text": "a -- b", "mentions": [{"start": 2, "end": 4}]}, NameResolver("en"), "x")
    assert [cluster.mentions for cluster in found.clusters] == [[0]]


def test_a_language_that_has_no_tables_is_read_by_the_nearest():
    found = resolve_record({"text": "Ada Stone", "lang": "xx"}, NameResolver(), "x")
    assert [cluster.canonical for cluster in found.clusters] == ["Ada Stone"]


# -- tables ----------------------------------------------------------------------------------------------------------
def overlay(tmp_path, name, *lines):
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_user_adds_aliases_and_honorifics(tmp_path):
    overlay(tmp_path, "aliases.tsv", "name\ttype\taliases", "Harlow Works\torganization\tThe Forge|HWX")
    overlay(tmp_path, "honorifics.tsv", "kind\tgender\twords", "role\t\tskipper")
    record = {
        "text": "Harlow Works or HWX hired Skipper Stone. The Forge paid the Skipper.",
        "mentions": [
            {"start": 0, "end": 12, "type": "organization"},
            {"start": 16, "end": 19, "type": "organization"},
            {"start": 26, "end": 39, "type": "person"},
            {"start": 41, "end": 50, "type": "organization"},
            {"start": 60, "end": 67, "type": "person"},
        ],
    }
    with_tables = resolve_record(record, NameResolver("en", overlays=[str(tmp_path)]), "x")
    assert [cluster.mentions for cluster in with_tables.clusters] == [[0, 1, 3], [2, 4]]
    assert len(resolve_record(record, NameResolver("en"), "x").clusters) > 2


def test_overlays_change_the_version(tmp_path):
    path = overlay(tmp_path, "nicknames.tsv", "name\tshort", "harlow\thal")
    assert NameResolver("en", overlays=[str(path)]).version != NameResolver("en").version
    assert load_tables("en", (str(path),)).nicknames["hal"] >= {"harlow", "henry"}


@pytest.mark.parametrize(
    ("name", "lines", "said"),
    [
        ("aliases.tsv", ["name\tkind"], "line 1: the columns are name, type, aliases, people"),
        ("aliases.tsv", ["name\ttype\taliases\tpeople", "X\tcity\tY"], "line 2: the type is one of person"),
        ("aliases.tsv", ["name\ttype\taliases\tpeople", "\tplace\tY"], "line 2: the name is empty"),
        ("aliases.tsv", ["name\ttype\taliases\tpeople", "a\tplace\tb\tc\td"], "line 2: 5 cells"),
        ("honorifics.tsv", ["kind\tgender\twords", "king\tm\tx"], "the kind is one of address"),
        ("honorifics.tsv", ["kind\tgender\twords", "role\tx\tx"], "the gender is one of m, f, (empty)"),
        ("heads.tsv", ["type\trole\twords", "place\tbig\tx"], "the role is one of"),
        ("mine.tsv", ["a"], "a table of names is one of"),
    ],
)
def test_bad_tables_are_named(tmp_path, name, lines, said):
    path = overlay(tmp_path, name, *lines)
    with pytest.raises(UsageError) as error:
        NameResolver("en", overlays=[str(path)])
    assert said in str(error.value)
    assert name in str(error.value)


def test_a_folder_without_tables_and_a_string_of_overlays(tmp_path):
    with pytest.raises(UsageError, match="none of the tables"):
        NameResolver("en", overlays=[str(tmp_path)])
    with pytest.raises(UsageError, match="list of folders"):
        NameResolver("en", overlays=str(tmp_path))


def test_unknown_names_list_what_exists():
    with pytest.raises(UnknownNameError, match="auto, en, lt"):
        NameResolver("xx")
    with pytest.raises(UnknownNameError, match="single_names"):
        NameResolver("en", off=("nothing",))


def test_a_record_in_python_raises_the_same(resolver):
    with pytest.raises(DataError, match="here: a record is an object"):
        resolve_record([], resolver, "here")


@pytest.mark.parametrize(
    ("text", "code"),
    [("The man was in the town and it rained", "en"), ("Vyras buvo mieste ir lijo, bet jis ėjo", "lt"), ("", "en")],
)
def test_the_language_of_a_document(text, code, resolver):
    assert resolver.code_of(text.split()) == code


def test_the_work_is_linear_in_the_document(resolver, monkeypatch):
    """A text four times as long asks about four times as often whether two clusters clash, not sixteen times."""
    from textnorm.normalizers.coref.state import State

    asked = 0
    clash = State.clash

    def counting(self, a, b):
        nonlocal asked
        asked += 1
        return clash(self, a, b)

    monkeypatch.setattr(State, "clash", counting)

    def work(n):
        nonlocal asked
        words = []
        for k in range(n):
            name = f"S{chr(97 + k % 26)}{chr(97 + k // 26 % 26)}{chr(97 + k // 676 % 26)}ton"
            title = "Robert" if k % 3 else "Mr."
            words += ["Then", title, name, "said", "to", "Ada", "Vale", "and", "Vale", "that", name, "won", "."]
        asked = 0
        mentions = resolver.find(words, "en")
        resolver.resolve(words, mentions, "en")
        return asked, len(mentions)

    small, large = work(1000), work(4000)
    assert large[1] == 4 * small[1]
    assert 0 < large[0] < 6 * small[0]


def test_of_a_very_long_mention_only_both_ends_are_looked_at(resolver):
    """A broken row may hold thousands of long mentions, one inside the other: the work must not be their product."""
    count = 2000
    text = " ".join(f"Ab{i:04}" for i in range(count))
    starts = range(0, 7 * count // 2, 7)
    records = (
        {"text": text, "mentions": [{"start": k, "end": len(text)} for k in starts]},
        {"tokens": text.split(), "mentions": [{"start": k // 7, "end": count} for k in starts]},
    )
    for record in records:
        clusters = resolve_record(record, resolver, "here").clusters
        assert len(clusters) == len(starts)
        assert clusters[0].canonical.startswith("Ab0000 ")
        assert clusters[0].canonical.endswith(" Ab1999")
        assert sum(len(cluster.canonical) for cluster in clusters) <= 64 * 7 * len(starts)


def test_a_mention_as_long_as_a_name_may_be_is_looked_at_whole(resolver):
    text = "Ab " * 133 + "C"
    clusters = resolve_record({"text": text, "mentions": [{"start": 0, "end": 400}]}, resolver, "here").clusters
    assert [cluster.canonical for cluster in clusters] == [text]
