"""Books: what can be written in them, and what is wrong with a book said with file and line."""

from __future__ import annotations

import pytest
from books import answer, load, matcher, of

from textnorm.errors import DataError, UsageError
from textnorm.normalizers.phrasebook.compile import compile_book
from textnorm.normalizers.phrasebook.errors import BookError
from textnorm.normalizers.phrasebook.expand import Generator
from textnorm.normalizers.phrasebook.fixtures import read_lists
from textnorm.normalizers.phrasebook.load import load_book

HEAD = "language: en\n"


def doubled(text):
    """Return 41 rules, each twice the one before."""
    more = "".join(f"  r{i}: <r{i - 1}><r{i - 1}>\n" for i in range(1, 41))
    return f"expansion_rules:\n  r0: '{text}'\n{more}"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("intents: [", 2, "no YAML"),
        ("a: b\n c: d", 2, "no YAML"),
        ("- a\n- b", 1, "a book is a mapping"),
        ("language: en\nlanguage: lt", 2, "'language' stands there twice"),
        (HEAD + "intent: {}", 2, "unknown key 'intent'. Did you mean 'intents'?"),
        (HEAD + "intents:\n  A: {sentence: [x]}", 3, "needs 'sentences'"),
        (HEAD + "intents:\n  A: {sentences: [x], slot: {}}", 3, "unknown key 'slot'"),
        (HEAD + "intents:\n  A: {sentences: []}", 3, "has no sentences"),
        (HEAD + "intents:\n  A: {sentences: [x], priority: high}", 3, "must be a whole number"),
        (HEAD + "intents:\n  A: {data: [{sentences: [x]}], canonical: x}", 3, "with 'data' has an unknown key 'canonical'"),  # noqa: E501
        (HEAD + "intents:\n  On: {sentences: [x]}", 3, "put quotes round On"),
        (HEAD + "intents:\n  A:\n    sentences:\n      - on", 4, "which is no string (put quotes"),
        (HEAD + "intents:\n  A:\n    sentences:\n      - x\n      - a (b", 6, "'(' is never closed"),
        (HEAD + "intents:\n  A:\n    sentences: ['a b)']", 4, "')' closes nothing at column 4"),
        (HEAD + "intents:\n  A:\n    sentences: ['(a|b;c)']", 4, "'|' and ';' are mixed"),
        (HEAD + "intents:\n  A:\n    sentences: ['go {plase}']\nlists:\n  place: {values: [x]}", 4, "Did you mean 'place'?"),  # noqa: E501
        (HEAD + "intents:\n  A:\n    sentences: ['<nam>']\nexpansion_rules: {name: x}", 4, "Did you mean 'name'?"),
        (HEAD + "expansion_rules:\n  a: x <b>\n  b: y <a>\nintents:\n  A: {sentences: ['<a>']}", 3, "<a> → <b> → <a>"),
        (HEAD + "expansion_rules:\n  a: x <a>\nintents:\n  A: {sentences: ['<a>']}", 3, "refers to itself"),
        (HEAD + "intents:\n  A:\n    sentences: ['[a] [b]']", 4, "matches the empty sentence"),
        (HEAD + "intents:\n  A:\n    sentences: ['(a;b;c;d;e;f)']", 4, "6 parts in any order"),
        (HEAD + "intents:\n  A:\n    sentences: ['~name']", 4, "no morphology for the language 'en'"),
        (HEAD + "lists:\n  a: {values: []}\nintents:\n  A: {sentences: ['{a}']}", 3, "not empty"),
        (HEAD + "lists:\n  a: {value: [x]}", 3, "unknown key 'value'. Did you mean 'values'?"),
        (HEAD + "lists:\n  a: {values: [x], wildcard: true}", 3, "it has values and wildcard"),
        (HEAD + "lists:\n  a: {range: {from: 9, to: 1}}", 3, "is empty"),
        (HEAD + "lists:\n  a: {range: {to: 1}}", 3, "'from' and 'to'"),
        (HEAD + "lists:\n  a: {range: {from: 0, to: 1, fractions: thirds}}", 3, "Known: halves, tenths"),
        (HEAD + "lists:\n  a: {regex: '['}", 3, "cannot be compiled"),
        (HEAD + "lists:\n  a: {call: no.such}\nintents:\n  A: {sentences: ['{a}']}", 3, "no slot_reader called 'no.such'"),  # noqa: E501
        (HEAD + "lists:\n  a: {values: ['{b}']}\nintents:\n  A: {sentences: ['{a}']}", 3, "values cannot"),
        (HEAD + "lists:\n  a: {values: [x], inflect: true}\nintents:\n  A: {sentences: ['{a}']}", 3, "none for 'en'"),
        (HEAD + "settings: {tie: name}\nintents: {A: {sentences: [x]}}", 2, "unknown setting 'tie'"),
        (HEAD + "settings: {ties: both}\nintents: {A: {sentences: [x]}}", 2, "'abstain' or 'name'"),
        (HEAD + "settings: {fold: 3}\nintents: {A: {sentences: [x]}}", 2, "cannot be 3"),
        (HEAD + "classes:\n  a: [b]\n  c: [b]", 4, "'b' stands in the class 'c' and in the class 'a'"),
        (HEAD + "classes:\n  a x: [b y z]\n  b y: [a x z]", 3, "classes go in a circle: a x → b y → a x"),
        (HEAD + "layers:\n- classes: {a: [b c]}\n- classes: {b: [d]}", 3, "lower layer uses 'b' of a higher one"),
        (HEAD + "intents:\n  A: {sentences: [go]}\n  B: {sentences: ['[please] go']}", 4, "'go' is a sentence of 'B' and 'A'"),  # noqa: E501
        (HEAD + "lists:\n  a: {values: [{in: x, out: 1}, {in: x, out: 2}]}\nintents:\n  A: {sentences: ['{a}']}", 3, "means two"),  # noqa: E501
        (HEAD + "intents:\n  A: {sentences: ['go'], canonical: 'go {to}'}", 3, "canonical says {to}"),
        (HEAD + "intents:\n  A:\n    sentences: ['go {0..9,0:n}']", 4, "is empty"),
        (HEAD + "intents:\n  A:\n    sentences: ['go {0..9999999999999999:n}']", 4, "goes beyond"),
        (HEAD + "lists:\n  a: {range: {from: .inf, to: 1}}", 3, "'from' and 'to'"),
        (HEAD + "lists:\n  a: {range: {from: 0, to: 1.5}}", 3, "'to' of a range is a whole number, not 1.5"),
        (HEAD + "lists:\n  a: {range: {from: 0, to: 1, multiplier: .nan}}", 3, "numbers of a range"),
        (HEAD + "lists:\n  a: {values: [{in: x, out: !!binary aGk=}]}", 3, "JSON has, not bytes"),
        (HEAD + "lists:\n  a: {values: [{in: x, context: {y: .nan}}]}", 3, "must be finite"),
        (HEAD + "intents:\n  A: {sentences: [x], slots: {y: .inf}}", 3, "must be finite"),
        (HEAD + "intents:\n  A: {sentences: [x], examples: 5}", 3, "examples must be a list"),
        (HEAD + "intents:\n  A: {sentences: [x], examples: x}", 3, "examples must be a list"),
        (HEAD + "settings: {skip_limit: -1}\nintents: {A: {sentences: [x]}}", 2, "at least 0"),
        ("language: no\nintents: {A: {sentences: [x]}}", 1, "not False (put quotes round 'no')"),
        ("language: [lt]\nintents: {A: {sentences: [x]}}", 1, "language must be a code"),
        (HEAD + "intents:\n  A:\n    <<: 5\n    sentences: [x]", 4, "'<<' takes a mapping"),
        # Expansions that explode.
        (HEAD + "intents:\n  A:\n    sentences: ['" + "(a|b|c)" * 20 + " go']", 4, "explodes: one word in it"),
        (HEAD + doubled("!") + "intents:\n  A:\n    sentences: ['go <r40>']", 46, "explodes: its rules make"),
        (HEAD + doubled("x") + "lists:\n  a: {values: ['<r40>']}\nintents:\n  A: {sentences: ['{a}']}", 45, "explodes: its forms"),  # noqa: E501
    ],
)  # fmt: skip
def test_faults_name_file_and_line(tmp_path, text, line, words):
    from textnorm.normalizers.phrasebook.normalizer import PhrasebookNormalizer

    with pytest.raises(BookError) as caught:
        PhrasebookNormalizer(load(tmp_path, text))
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'book.yaml'}:{line}: "), str(caught.value)


@pytest.mark.parametrize("start", ["[x, x]", "{a: x}"])
def test_aliases_that_grow_without_end(tmp_path, start):
    levels = "".join(f"  l{i}: &l{i} [" + ", ".join([f"*l{i - 1}"] * 9) + "]\n" for i in range(1, 12))
    text = f"language: en\nframes:\n  A:\n    sentences: [go]\n    metadata:\n      x: 1\n    slots:\n      l0: &l0 {start}\n"  # noqa: E501
    with pytest.raises(BookError, match="nested more than"):
        load(tmp_path, text + levels.replace("  l", "      l"))


def test_an_empty_book(tmp_path):
    with pytest.raises(BookError, match="neither frames"):
        load(tmp_path, "language: en\n")


def test_a_book_that_explodes_is_bounded_and_said(tmp_path):
    with pytest.raises(BookError, match=r"book.yaml:\d+: .* larger than 100,000 states"):
        rules = ", ".join(f"r{i}: '(a{i} <r{i + 1}>|b{i} <r{i + 1}>)'" for i in range(30))
        matcher(tmp_path, of("<r0>", rules=f"{rules}, r30: end"))
    with pytest.raises(BookError, match=r"has more than 20,000 forms"):
        matcher(tmp_path, of("{l}", lists="l: {values: ['" + "[a|b|c|d] " * 10 + "x']}"))
    deep = "(" * 3000 + "a" + ")" * 3000
    with pytest.raises(BookError, match="nested too deeply"):
        matcher(tmp_path, of(deep))


def test_many_phrasings_are_counted_not_listed(tmp_path):
    from textnorm.normalizers.phrasebook.expand import Generator

    made = matcher(tmp_path, of(" ".join(f"[a{i}|b{i}]" for i in range(60)) + " end"))
    assert Generator(made).count() == 3**60
    assert len(list(Generator(made).enumerate(limit=5))) == 5
    assert answer(made, "a3 b7 end") == ("F", {})


def test_paths_that_are_no_book(tmp_path):
    with pytest.raises(UsageError, match="There is no phrasebook"):
        load_book(tmp_path / "no.yaml")
    with pytest.raises(UsageError, match="holds no phrasebook"):
        load_book(tmp_path)
    (tmp_path / "a.yaml").write_bytes(b"a: \xff")
    with pytest.raises(DataError, match="not UTF-8 at byte 3"):
        load_book(tmp_path / "a.yaml")


def layout(tmp_path):
    """Write a small book in Home Assistant's layout."""
    folder = tmp_path / "sentences" / "en"
    (folder / "TurnOn").mkdir(parents=True)
    (folder / "_common.yaml").write_text(
        "language: en\nlists: {color: {values: [red]}}\nexpansion_rules: {name: '{name}'}"
    )
    (folder / "TurnOn" / "domain_only.yaml").write_text(
        "language: en\ndata:\n- sentences: ['lights [here]']\n  inferred_domain: light\n"
        "- sentences: ['open {name}']\n  name_domains: [cover]\n- sentences: ['use <gone>']\n"
    )
    (folder / "a.yaml").write_text("intents: {Paint: {data: [{sentences: ['paint <name> {color}']}]}}")
    (tmp_path / "intents.yaml").write_text("TurnOn: {slot_combinations: {domain_only: {context_area: true}}}")
    (tmp_path / "lists.yaml").write_text(
        "areas: [{name: Hall}]\nentities: [{name: 'Ga(t|r)e', domain: cover}, {name: Sun, id: light.sun}]"
    )
    return tmp_path


def test_the_layout_of_home_assistant(tmp_path):
    from textnorm.normalizers.phrasebook.fixtures import read_lists

    folder = layout(tmp_path)
    made = compile_book(load_book(folder), lists=read_lists(folder / "lists.yaml"))
    assert answer(made, "paint sun red") == ("Paint", {"name": "Sun", "color": "red"})
    assert answer(made, "open gare") == ("TurnOn", {"name": "Gare"})
    assert answer(made, "open sun") is None  # no cover
    assert answer(made, "lights") == ("TurnOn", {"domain": "light"})
    assert answer(made, "lights", {"area": "Hall"}) == ("TurnOn", {"domain": "light", "area": "Hall"})
    # A sentence whose rule the book lacks is left out, and said.
    assert [e.where for e in made.network.left_out] == [f"{folder / 'sentences/en/TurnOn/domain_only.yaml'}:7"]
    (folder / "sentences" / "de").mkdir()
    with pytest.raises(UsageError, match="several languages; choose one"):
        load_book(folder)
    with pytest.raises(UsageError, match="no book of the language 'lt'"):
        load_book(folder, language="lt")


@pytest.mark.parametrize("text", ["lists:\n  name: [a, b]", "name: [a, b]", "lists: {name: {values: [a, b]}}"])
def test_lists_beside_the_book(tmp_path, text):
    from textnorm.normalizers.phrasebook.fixtures import read_lists

    (tmp_path / "lists.yaml").write_text(text)
    made = matcher(tmp_path, of("call {name}", lists="name: {values: [z]}"), lists=read_lists(tmp_path / "lists.yaml"))
    assert (answer(made, "call b"), answer(made, "call z")) == (("F", {"name": "b"}), None)


def test_layers_of_classes(tmp_path):
    """The paper's example: words first, then phrases over their representatives, then frames over those."""
    text = """
language: en
layers:
  - classes: {close: [shut, exit], program: [app, application, software], current: [this, active]}
  - classes: {close program: [close current program, current program close, get out of program]}
  - classes: {restart: [close program and open it again]}
intents:
  Close: {sentences: ["close program [now]"]}
  Restart: {sentences: ["restart"]}
"""
    made = matcher(tmp_path, text)
    for said in ("shut this app", "active software exit now", "close program", "get out of application now"):
        assert answer(made, said) == ("Close", {}), said
    assert answer(made, "exit active app and open it again") == ("Restart", {})
    assert answer(made, "this app") is None


def test_a_book_can_be_compiled_again(tmp_path):
    """Compiling changes nothing in the book: rules and classes are unfolded beside it."""
    text = """
language: en
classes: {open: [unlock, pull open]}
intents:
  F:
    data:
      - sentences: ["<do> it"]
        expansion_rules: {do: "open [up]"}
"""
    book = load(tmp_path, text)
    sizes = {len(compile_book(book).network.words) for _ in range(3)}
    assert len(sizes) == 1
    assert answer(compile_book(book), "pull open up it") == ("F", {})


def test_lemmas_and_inflected_lists(tmp_path):
    text = """
language: lt
lists:
  room: {inflect: true, values: [virtuvė, vonios kambarys, miegamasis, {in: "*lempa prie lovos", out: bed}]}
intents:
  F: {sentences: ["~įjungti ~šviesa {room}"]}
"""
    made = matcher(tmp_path, text)
    for said, room in [
        ("įjunk šviesą virtuvėje", "virtuvė"),
        ("Įjunkite šviesas vonios kambaryje", "vonios kambarys"),
        ("įjungti šviesą miegamajame", "miegamasis"),
        ("įjunk šviesą lempose prie lovos", "bed"),
    ]:
        assert answer(made, said) == ("F", {"room": room}), said
    assert answer(made, "išjunk šviesą virtuvėje") is None


def test_a_plugin_reads_slots(tmp_path):
    from textnorm.registry import slot_readers

    @slot_readers.register("test.plate.v1", replace=True)
    def make():
        def read(words, at):
            pair = words[at : at + 2]
            if len(pair) == 2 and len(pair[0]) == 3 and pair[1].isdecimal():
                yield at + 2, f"{pair[0].upper()} {pair[1]}"

        return read

    made = matcher(tmp_path, of("park {p} here", lists="p: {call: test.plate.v1, examples: [abc 123]}"))
    assert answer(made, "park ABC-123 here") == ("F", {"p": "ABC 123"})
    assert answer(made, "park AB-123 here") is None


def test_of_two_values_with_one_form_the_nearer_is_meant(tmp_path):
    """*gydytojai* is the dative of *gydytoja* and the plural of *gydytojas*: singular comes first."""
    text = """
language: lt
lists: {who: {inflect: true, values: [gydytojas, gydytoja]}}
intents: {Call: {sentences: ["skambinti {who}"]}}
"""
    made = matcher(tmp_path, text)
    assert answer(made, "skambinti gydytojai") == ("Call", {"who": "gydytoja"})
    assert answer(made, "skambinti gydytojui") == ("Call", {"who": "gydytojas"})


def test_yaml_merges(tmp_path):
    text = (
        "language: en\nframes:\n  A: &a\n    sentences: [go]\n    priority: 2\n    slots: {x: 1}\n"
        "  B:\n    <<: *a\n    sentences: [stop]\n  C:\n    sentences: [turn]\n    <<: [{priority: 3}, *a]\n"
    )
    made = matcher(tmp_path, text)
    assert [answer(made, said) for said in ("go", "stop", "turn")] == [
        ("A", {"x": 1}),
        ("B", {"x": 1}),
        ("C", {"x": 1}),
    ]
    assert [block.priority for block in made.book.blocks] == [2, 2, 3]


def test_bom_and_crlf(tmp_path):
    path = tmp_path / "book.yaml"
    path.write_bytes(b"\xef\xbb\xbflanguage: en\r\nframes:\r\n  A:\r\n    sentences:\r\n      - 'go [there]'\r\n")
    assert answer(compile_book(load_book(path)), "go there") == ("A", {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("areas: 5", "l.yaml: 'areas' must be a list"),
        ("areas: [x]", "l.yaml: an entry of 'areas' needs a name"),
        ("entities:\n- name: x\n  attributes: [1]", "l.yaml:2: the attributes of 'x' must be a mapping"),
        ("areas:\n- name: '<x> y'", "l.yaml:2: unknown rule <x>"),
    ],
)
def test_faults_of_fixtures_name_the_file(tmp_path, text, words):
    path = tmp_path / "l.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BookError) as caught:
        read_lists(path)
    assert words in str(caught.value)


def test_a_wide_range_is_never_listed(tmp_path):
    made = Generator(matcher(tmp_path, of("go {0..999999999999:n}")))
    assert made.count() == 10**12
    assert [one.text for one in made.enumerate(limit=2)] == ["go 0", "go 1"]
    for one in made.sample(5, seed=1):
        assert answer(made.matcher, one.text) == ("F", one.slots)
