"""The component: edits, canonical sentences, unknown words, the pipeline, the command line, spaCy."""

from __future__ import annotations

import gzip
import json
import pickle
import unicodedata

import pytest
from books import LT_HOUSE, load, matcher, of
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import textnorm
from textnorm.cli import main
from textnorm.conformance import check
from textnorm.errors import UsageError
from textnorm.normalizers.phrasebook import PhrasebookNormalizer, make_phrasebook
from textnorm.normalizers.phrasebook.canonical import Canonical

BOOK = """
language: lt
classes:
  įjungti: [~įjungti, uždegti, "padaryti, kad degtų"]
  šviesa: [lempa, "~šviesa"]
lists:
  room: {inflect: true, values: [virtuvė, {in: vonios kambarys, out: bath}]}
  n: {range: {from: 0, to: 100}}
skip_words: [prašau]
frames:
  "On":
    canonical: "įjungti šviesą [{room:loc}]"
    sentences: ["įjungti šviesa [{room}]"]
  Dim:
    sentences: ["[nustatyti] šviesa {room} [iki] {n}[ ](%|procentų)"]
"""


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.yaml"
    path.write_text(BOOK, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def odd_book(tmp_path_factory):
    path = tmp_path_factory.mktemp("odd") / "book.yaml"
    path.write_text(BOOK, encoding="utf-8")
    return textnorm.load(path)


def test_a_sentence_becomes_canonical_with_its_frame(book):
    nlp = make_phrasebook(str(book))
    text = "„Prašau, įjunk šviesą vonios kambaryje!“"
    (edit,) = nlp([text])[0]
    assert text[: edit.start] + edit.replacement + text[edit.end :] == "„įjungti šviesą vonios kambaryje!“"
    assert (edit.label, edit.rule, edit.confidence < 1) == ("FRAME", "phrases.On", True)
    room = edit.value["slots"]["room"]
    assert (edit.value["frame"], room["value"], text[room["start"] : room["end"]]) == ("On", "bath", "vonios kambaryje")


def test_the_canonical_sentence_is_only_marked(book):
    (edit,) = make_phrasebook(str(book))(["įjungti šviesą virtuvėje"])[0]
    assert (edit.replacement, edit.value["frame"]) == (None, "On")


def test_without_canonical_the_sentence_is_written_from_its_template(book):
    out = textnorm.load(book)("nustatyti šviesą virtuvėje iki 40%")
    assert out.text == "šviesa virtuvė 40%"
    assert textnorm.load(book)(out.text).text == out.text


def test_phrases_in_running_text_and_unknown_words(book):
    text = "Kas uždegti galėjo lempą? Lempa nauja."
    out = textnorm.load(book)(text)
    assert out.text == "Kas įjungti galėjo lempą? šviesa nauja."
    assert [(e.label, text[e.start : e.end]) for e in out.edits] == [
        ("UNKNOWN", "Kas"),
        ("PHRASE", "uždegti"),
        ("UNKNOWN", "galėjo"),
        ("PHRASE", "Lempa"),
        ("UNKNOWN", "nauja"),
    ]
    (mark,) = make_phrasebook(str(book))(["įjungti įjungti"])[0]
    assert (mark.label, mark.rule) == ("UNKNOWN", "phrases.no_frame")


def test_a_very_long_text_is_no_sentence_but_its_phrases_are_found():
    book = make_phrasebook(str(LT_HOUSE))
    assert book.edits("įjunk šviesą virtuvėje")[0].label == "FRAME"
    line = "įjunk šviesą virtuvėje " * 40_000
    assert len(line) > 900_000
    assert book.match(line) == []
    assert all(edit.label != "FRAME" for edit in book.edits(line[:200_000]))


def test_settings_switch_parts_off(tmp_path):
    text = "Kas uždegti galėjo"
    for setting, labels in (("unknown: false", ["PHRASE"]), ("phrases: false", ["UNKNOWN"])):
        made = PhrasebookNormalizer(load(tmp_path, f"settings: {{{setting}}}{BOOK}"))
        assert sorted({e.label for e in made([text])[0]}) == labels


def test_ambiguous_sentences_say_both_frames(tmp_path):
    text = """
language: en
lists: {person: {values: [sky]}, channel: {values: [sky]}}
frames:
  Call: {sentences: ["get {person}"]}
  Watch: {sentences: ["get {channel}"]}
"""
    (edit,) = PhrasebookNormalizer(load(tmp_path, text))(["Get sky!"])[0]
    assert (edit.label, edit.replacement) == ("AMBIGUOUS", None)
    assert [f["frame"] for f in edit.value["frames"]] == ["Call", "Watch"]


@pytest.mark.parametrize("path", [None, LT_HOUSE])
def test_it_keeps_the_contract(book, path):
    nlp = make_phrasebook(str(path or book))
    assert check(nlp, ["įjunk šviesą virtuvėje", "pažadink mane septintą valandą", "kažkas kita"]) == []
    assert pickle.loads(pickle.dumps(nlp)).fingerprint == nlp.fingerprint
    assert nlp.languages == ("lt",)
    with pytest.raises(TypeError, match="only if make_phrasebook made it"):
        pickle.dumps(PhrasebookNormalizer(nlp.book))


def test_canonical_chooses_what_says_most(tmp_path):
    lists = "a: {values: [x]}, b: {values: [y]}"
    made = matcher(tmp_path, of("go [to {a}] [(by|via) {b}|home] [now] (please;{a:c})", lists=lists))
    canonical = Canonical(made)
    for text, said in [
        ("go to x via y now please x", "go to x by y please x"),
        ("go home x please", "go please x"),
    ]:
        (found,) = made.match(text)
        assert canonical(found) == said


def test_rules_are_described(book):
    nlp = make_phrasebook(str(book))
    assert nlp.describe("phrases.On") == f"the frame On ({book}:13)"
    assert nlp.describe("phrases.šviesa").startswith("another way to say 'šviesa'")
    assert nlp.describe("phrases.unknown") and not nlp.describe("phrases.nothing")


# -- pipelines -------------------------------------------------------------------------------------------------------
def test_a_book_is_a_pipeline(book, tmp_path):
    nlp = textnorm.load(book)
    assert nlp("prašau uždegti lempa").text == "įjungti šviesą"
    assert nlp.name == "book"
    before = nlp.fingerprint
    moved = tmp_path / "elsewhere" / "book.yaml"
    moved.parent.mkdir()
    moved.write_text(BOOK, encoding="utf-8")
    assert textnorm.load(moved).fingerprint == before
    moved.write_text(BOOK.replace("uždegti", "įžiebti"), encoding="utf-8")
    assert textnorm.load(moved).fingerprint != before
    cfg = tmp_path / "p.cfg"
    cfg.write_text(
        '[textnorm]\npipeline = ["unicode","book"]\n[components]\n'
        '[components.unicode]\n@normalizers = "textnorm.unicode.v1"\n'
        '[components.book]\n@normalizers = "textnorm.phrasebook.v1"\nbook = "${paths.folder}/book.yaml"\n'
    )
    assert textnorm.load(cfg)("uždegti\u00ad lempa").text == "įjungti šviesą"


def test_spacy(book):
    spacy = pytest.importorskip("spacy", reason="spaCy is not installed")
    nlp = spacy.blank("lt")
    nlp.add_pipe("textnorm", config={"pipeline": str(book)})
    doc = nlp("Prašau įjunk šviesą virtuvėje.")
    assert doc._.norm_text == "įjungti šviesą virtuvėje."
    assert doc._.norm_edits[0]["value"]["slots"]["room"]["value"] == "virtuvė"
    assert [span.label_ for span in doc.spans["textnorm"]] == ["FRAME"]


# -- the command -----------------------------------------------------------------------------------------------------
def run(*args, stdin=None, code=0):
    result = CliRunner().invoke(main, [str(a) for a in args], input=stdin)
    assert result.exit_code == code, (result.exit_code, result.output, result.stderr, result.exception)
    assert "Traceback" not in result.output + result.stderr
    return result


def test_match_prints_json_lines(book, tmp_path):
    (tmp_path / "in.txt").write_text("įjunk šviesą virtuvėje\n\nkitkas\n", encoding="utf-8")
    lines = [json.loads(line) for line in run("phrases", "match", book, tmp_path / "in.txt").stdout.splitlines()]
    assert [list(line) for line in lines] == [["text", "frame", "slots", "text_norm", "edits"]] * 3
    assert lines[0]["frame"] == "On" and lines[0]["slots"] == {"room": "virtuvė"}
    assert lines[0]["text_norm"] == "įjungti šviesą virtuvėje"
    assert lines[0]["edits"][0]["source"] == "įjunk šviesą virtuvėje"
    assert (lines[1]["frame"], lines[2]["frame"]) == (None, None)
    assert json.loads(run("phrases", "match", book, stdin="uždegti lempa\n").stdout)["frame"] == "On"


def test_match_reads_files_by_their_ending(book, tmp_path):
    said = "įjunk šviesą virtuvėje"
    files = {
        "a.txt": f"{said}\r\n".encode(),
        "a.txt.gz": gzip.compress(f"{said}\r\n".encode()),
        "a.jsonl": json.dumps({"text": f"{said}\r"}).encode() + b"\n",
        "a.tsv": f"id\ttext\n1\t{said}\n".encode(),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        row = json.loads(run("phrases", "match", book, tmp_path / name).stdout)
        # A carriage return is text, and is kept.
        end = "" if name == "a.tsv" else "\r"
        assert (row["text"], row["frame"], row["text_norm"]) == (said + end, "On", f"įjungti šviesą virtuvėje{end}"), (
            name
        )
        assert (row["edits"][0]["start"], row["edits"][0]["end"]) == (0, len(said))
    (tmp_path / "b.jsonl").write_text('{"q": null}\n{"q": "\\ud800 lempa"}\n')
    rows = [
        json.loads(x) for x in run("phrases", "match", book, tmp_path / "b.jsonl", "--column", "q").stdout.splitlines()
    ]
    assert rows[0] == {"text": None, "frame": None, "slots": {}, "text_norm": None, "edits": []}
    assert rows[1]["text"] == "\ud800 lempa"
    assert "no field 'text'" in run("phrases", "match", book, tmp_path / "b.jsonl", code=2).stderr


def test_match_with_lists_and_context(tmp_path):
    (tmp_path / "b.yaml").write_text(
        "language: en\nlists: {name: {values: [none]}}\n"
        "frames: {F: {sentences: ['dim {name}'], requires_context: {area: {slot: true}}}}"
    )
    (tmp_path / "l.yaml").write_text("lists: {name: {values: [lamp]}}")
    args = "phrases", "match", tmp_path / "b.yaml", "--lists", tmp_path / "l.yaml"
    got = json.loads(run(*args, "--context", '{"area": "hall"}', stdin="dim lamp").stdout)
    assert got["slots"] == {"name": "lamp", "area": "hall"}
    assert json.loads(run(*args, stdin="dim lamp").stdout)["frame"] is None
    assert "--context is no JSON" in run(*args, "--context", "{", code=2).stderr
    assert "must be a JSON object" in run(*args, "--context", "[1]", code=2).stderr
    assert "NaN is no JSON value" in run(*args, "--context", '{"area": NaN}', code=2).stderr


def test_expand_lists_counts_and_draws(book):
    assert run("phrases", "expand", book, "--frame", "On", "--count").stdout.endswith("\tOn\n")
    shown = run("phrases", "expand", book, "--limit", "3")
    assert len(shown.stdout.splitlines()) == 3
    assert "phrasings; the first 3 follow" in shown.stderr
    drawn = run("phrases", "expand", book, "--sample", "4", "--seed", "7", "--json").stdout
    assert drawn == run("phrases", "expand", book, "--sample", "4", "--seed", "7", "--json").stdout
    assert {json.loads(line)["frame"] for line in drawn.splitlines()} <= {"On", "Dim"}
    assert "no frame 'Onn'. Did you mean 'On'?" in run("phrases", "expand", book, "--frame", "Onn", code=2).stderr


def test_check_prints_findings(book, tmp_path):
    assert "2 frames, 2 sentences, 2 classes" in run("phrases", "check", book).stdout
    bad = tmp_path / "bad.yaml"
    bad.write_text("language: en\nframes:\n  A: {sentences: [go]}\n  B: {sentences: [go]}\n")
    result = run("phrases", "check", bad, code=1)
    assert "bad.yaml:4: conflict: 'go' is a sentence of 'B' and 'A'" in result.stderr
    assert json.loads(run("phrases", "check", bad, "--json", code=1).stdout)["findings"][0]["kind"] == "conflict"
    # A book that cannot be used at all is a mistake of the user's, before any data are read.
    assert "bad.yaml:4: conflict" in run("phrases", "match", bad, code=2, stdin="go").stderr
    assert "bad.yaml:4: conflict" in run("normalize", "-p", bad, code=2, stdin="go").stderr


@pytest.mark.parametrize(
    ("args", "words", "code"),
    [
        (("match", "no.yaml"), "There is no phrasebook no.yaml", 2),
        (("match", "BOOK", "no.txt"), "no.txt", 2),
        (("match", "BOOK", "--fallback", "no-such-encoder"), "no-such-encoder", 2),
        (("match", "BOOK", "--lists", "no.yaml"), "no.yaml", 2),
        (("expand",), "Missing argument 'BOOK'", 2),
    ],
)
def test_wrong_arguments(book, args, words, code):
    assert words in run("phrases", *(book if a == "BOOK" else a for a in args), code=code, stdin="a").stderr


def test_a_line_that_is_not_utf8(book, tmp_path):
    (tmp_path / "in.txt").write_bytes(b"a\n\xff\n")
    assert "in.txt, line 2: invalid UTF-8" in run("phrases", "match", book, tmp_path / "in.txt", code=1).stderr


def test_normalize_takes_a_book(book):
    assert run("normalize", "-p", book, stdin="įjunk šviesą!\nkita\n").stdout == "įjungti šviesą!\nkita\n"


@pytest.mark.parametrize(
    ("said", "written"), [("123456,5", "123456.5"), ("1234567", "1234567"), ("7.0", "7"), ("0,5", "0.5")]
)
def test_canonical_numbers_keep_their_digits(tmp_path, said, written):
    path = tmp_path / "n.yaml"
    path.write_text(
        "language: en\nlists: {n: {range: {from: 0, to: 2000000, fractions: halves}}}\n"
        "frames: {F: {sentences: ['set {n}']}}\n"
    )
    assert textnorm.load(path)(f"set {said}").text == f"set {written}"


MARKS = st.text(
    st.sampled_from([*"įIİßuždegti ,!1", "\u0307", "\u0328", "\u030c", "ﬁ", "\ud800", "\u200d", "한", "ক"]), max_size=14
)


@given(
    st.lists(
        st.one_of(MARKS, st.sampled_from(["įjungti", "Į\u0301JUNGTI", "uždegti ", "šviesą", "virtuve\u0307je", "5"]))
    )
)
def test_edits_fit_any_text(odd_book, parts):
    text = "".join(parts)
    out = odd_book(text)
    at, made = 0, []
    for edit in out.edits:
        assert 0 <= edit.start <= edit.end <= len(text)
        if edit.replacement is not None:
            assert edit.start >= at
            assert unicodedata.category(text[edit.end : edit.end + 1] or " ")[0] != "M"
            made += [text[at : edit.start], edit.replacement]
            at = edit.end
    assert "".join([*made, text[at:]]) == out.text


def test_spacy_saves_a_book_and_runs_a_folder_of_books(book, tmp_path):
    spacy = pytest.importorskip("spacy", reason="needs spaCy")
    book.write_bytes(b"\xef\xbb\xbf" + BOOK.replace("\n", "\r\n").encode())
    nlp = spacy.blank("lt")
    nlp.add_pipe("textnorm", config={"pipeline": str(book)})
    before = nlp.get_pipe("textnorm").pipeline.fingerprint
    nlp.to_disk(tmp_path / "nlp")
    data = nlp.to_bytes()
    book.unlink()
    other = spacy.blank("lt")
    other.add_pipe("textnorm", config={"pipeline": "unicode"})
    loaded = spacy.load(tmp_path / "nlp")
    loaded.to_disk(tmp_path / "nlp")  # over itself
    for again in (loaded, spacy.load(tmp_path / "nlp"), other.from_bytes(data)):
        assert again("įjunk šviesą virtuvėje!")._.norm_text == "įjungti šviesą virtuvėje!"
        assert again.get_pipe("textnorm").pipeline.fingerprint == before
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "a.yaml").write_text(BOOK, encoding="utf-8")
    folder = spacy.blank("lt")
    folder.add_pipe("textnorm", config={"pipeline": str(tmp_path / "books")})
    assert folder("uždegti lempa")._.norm_edits[0]["value"]["frame"] == "On"
    for save in (lambda: folder.to_disk(tmp_path / "no"), folder.to_bytes):
        with pytest.raises(UsageError, match="folder"):
            save()
