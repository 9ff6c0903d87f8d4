"""The page of ``textnorm explain --html``: what stands where, and that no text can break it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toys import Replace

from textnorm.commands.explain_html import render
from textnorm.edits import Edit, Edits, Normalized
from textnorm.pipeline import Pipeline

VOID = {"meta", "input", "br", "link"}
#: Hostile wherever it lands: in text, in an attribute, in a style sheet.
NASTY = "</style><script>alert('1')</script> & \"x\" -->"


@dataclass
class Node:
    tag: str
    attrs: dict[str, str]
    children: list[Node | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    @property
    def classes(self) -> set[str]:
        return set(self.attrs.get("class", "").split())

    def find(self, tag: str = "", cls: str = "") -> list[Node]:
        return [n for n in self.walk() if (not tag or n.tag == tag) and (not cls or cls in n.classes)]

    def walk(self) -> Iterator[Node]:
        for child in self.children:
            if isinstance(child, Node):
                yield child
                yield from child.walk()


class Tree(HTMLParser):
    """Builds a tree and fails on an element that is not closed where it should be."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), f"<{tag}> has an attribute twice: {names}"
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def parse(page: str) -> Node:
    page.encode("utf-8")  # no lone surrogate is left
    assert "\r" not in page
    tree = Tree()
    tree.feed(page)
    tree.close()
    assert tree.open == [tree.root], f"not closed: {[node.tag for node in tree.open[1:]]}"
    ids = [node.attrs["id"] for node in tree.root.walk() if "id" in node.attrs]
    assert len(set(ids)) == len(ids), [i for i, n in Counter(ids).items() if n > 1]
    for node in tree.root.walk():
        if "aria-describedby" in node.attrs:
            assert node.attrs["aria-describedby"] in ids
        if "href" in node.attrs:
            assert node.attrs["href"].removeprefix("#") in ids
    return tree.root


def pipeline(name: str = "toy", lang: str | None = "lt") -> Pipeline:
    return Pipeline([("five", Replace("5", "penki", "test.five", "NUM"))], name=name, lang=lang, description="Reads 5.")


def normalized(source: str, *edits: Edit) -> Normalized:
    return Normalized(source, Edits.from_rows([edits]).row(0))


def show(*results: Normalized) -> Node:
    return parse(render(results, pipeline()))


def pane(page: Node, side: str, i: int = 0) -> Node:
    return page.find("div", side)[i]


def can_stand(char: str) -> bool:
    """Whether HTML can hold a character at all (WHATWG, preprocessing the input stream)."""
    code = ord(char)
    control = (code < 0x20 and char not in "\t\n") or 0x7F <= code <= 0x9F
    return not (control or 0xD800 <= code <= 0xDFFF or 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE)


def standing(text: str) -> str:
    return "".join(filter(can_stand, text))


def pieces(node: Node, k: int) -> str:
    """Return the text under the pieces of edit ``k``; a piece in another is counted once."""
    return "".join(n.text for n in node.find("mark", f"k{k}"))


# -- structure -------------------------------------------------------------------------------------------------------
def test_page_loads_nothing_and_has_no_script() -> None:
    page = show(normalized("5 <b>", Edit(0, 1, "penki", "NUM", "test.five")))
    assert not page.find("script") and not page.find("link") and not page.find("img")
    assert not [n for n in page.walk() if "src" in n.attrs or any(a.startswith("on") for a in n.attrs)]
    style = page.find("style")[0].text
    assert "url(" not in style and "@import" not in style
    policy = next(n for n in page.find("meta") if n.attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy.attrs["content"].startswith("default-src 'none'")
    assert "prefers-color-scheme: dark" in style and "@media print" in style


def test_language_of_page_and_panes() -> None:
    page = show(normalized("5", Edit(0, 1, "penki", "NUM", "test.five")))
    assert page.find("html")[0].attrs["lang"] == "en"
    assert [n.attrs["lang"] for n in page.find("div", "pane")] == ["lt", "lt"]
    unknown = parse(render([normalized("5")], pipeline(lang=None)))
    assert [n.attrs["lang"] for n in unknown.find("div", "pane")] == ["", ""]


def test_header_counts_and_legend() -> None:
    page = show(
        normalized("5 a", Edit(0, 1, "penki", "NUM", "r", 0.799), Edit(2, 3, None, "NOTE", "r")),
        normalized("5 5", Edit(0, 1, "penki", "NUM", "r"), Edit(2, 3, "penki", "NUM", "r", 0.8)),
        normalized("a", Edit(0, 1, None, "NOTE", "r")),
        normalized("a"),
        normalized(""),
    )
    assert page.find("h1")[0].text == "toy"
    figures = [" ".join(n.text.split()) for n in page.find("ul", "figures")[0].find("li")]
    assert figures == ["5 texts 1 empty", "2 changed", "5 edits", "1 to check confidence below 0.8"]
    assert "test.replace.v1 1" in page.find("p", "facts")[0].text
    legend = page.find("section", "legend")[0].find("label", "chip")
    assert [" ".join(n.text.split()) for n in legend] == ["NUM 3", "NOTE 2"]
    assert [n.attrs["id"] for n in page.find("article")] == ["t1", "t2", "t3", "t4"]  # the empty one is only counted
    assert [n.classes & {"same", "edited", "unsure"} for n in page.find("article")] == [
        {"edited", "unsure"},
        {"edited"},
        {"edited"},
        {"same"},
    ]


def test_one_colour_a_class_on_both_sides_and_in_the_table() -> None:
    page = show(
        normalized("5 a 5", Edit(0, 1, "penki", "NUM", "r"), Edit(2, 3, "b", "X", "r"), Edit(4, 5, "penki", "NUM", "r"))
    )
    tones = [
        [next(c for c in n.classes if re.fullmatch(r"c\d+", c)) for n in nodes]
        for nodes in (
            pane(page, "source").find("mark"),
            pane(page, "reading").find("mark"),
            page.find("tbody")[0].find("tr"),
        )
    ]
    assert tones == [["c0", "c1", "c0"]] * 3


def test_what_an_edit_says() -> None:
    value = {"why": "accusative", "alternatives": ["penkis", "penkios"], "case": "acc"}
    result = normalized("5", Edit(0, 1, "penki", "NUM", "test.five", 0.5, value))
    page = show(result)
    for side in ("source", "reading"):
        mark = pane(page, side).find("mark")[0]
        assert mark.attrs["tabindex"] == "0"
        tip = next(n for n in page.find("div", "tip") if n.attrs["id"] == mark.attrs["aria-describedby"])
        assert tip.attrs["role"] == "tooltip"
        said = " ".join(tip.text.split())
        for part in ("NUM", "test.five", "0.50", "to check", "5 → penki", "5 becomes penki", "accusative"):
            assert part in said
        assert "or: penkis, penkios" in said and '{"case": "acc"}' in said
    row = page.find("tbody")[0].find("tr")[0]
    assert [n.text for n in row.find("td")][:6] == ["0–1", "5", "penki", "NUM", "test.five", "0.50 ?"]
    assert "accusative" in row.find("td", "why")[0].text


def test_values_of_composed_edits_and_of_any_shape() -> None:
    merged = {"merged": [{"why": "one"}, {"why": "two", "alternatives": [{"id": "Q1"}]}, ["x"]]}
    page = show(
        normalized(
            "abc",
            Edit(0, 1, "x", "A+B", "a+b", 0.9, merged),
            Edit(1, 2, None, "C", "c", 0.3, {"abstained": True, "why": "unsure"}),
            Edit(2, 3, "y", "", "", 1.0, 7),
        )
    )
    whys = [[p.text for p in n.find("p")] for n in page.find("td", "why")]
    assert whys == [["one", "two", '["x"]', 'or: {"id": "Q1"}'], ["abstained", "unsure"], ["7"]]
    assert page.find("td", "label")[2].text == "no class"


def test_confidence_is_cut_not_rounded() -> None:
    page = show(normalized("5 5", Edit(0, 1, "a", "N", "r", 0.799), Edit(2, 3, "a", "N", "r", 0.8)))
    assert [n.text for n in page.find("td", "sure")] == ["0.79 ?", "0.80"]
    for side in ("source", "reading"):
        assert ["low" in n.classes for n in pane(page, side).find("mark")] == [True, False]


def test_deletion_insertion_and_annotation_are_seen_on_both_sides() -> None:
    page = show(normalized("abcd", Edit(0, 1, "", "D", "d"), Edit(2, 2, "NEW", "I", "i"), Edit(3, 4, None, "N", "n")))
    source, reading = pane(page, "source"), pane(page, "reading")
    assert [(n.text, n.classes & {"del", "ins", "note", "void"}) for n in source.find("mark")] == [
        ("a", {"del"}),
        ("", {"ins", "void"}),
        ("d", {"note"}),
    ]
    assert [(n.text, n.classes & {"del", "ins", "note", "void"}) for n in reading.find("mark")] == [
        ("", {"del", "void"}),
        ("NEW", {"ins"}),
        ("d", {"note"}),
    ]
    cells = [(r.find("td", "before")[0].text, r.find("td", "after")[0].text) for r in page.find("tbody")[0].find("tr")]
    assert cells == [("a", "deleted"), ("inserted", "NEW"), ("d", "marked, not changed")]


@pytest.mark.parametrize("n", [1, 9, 30])
def test_style_has_rules_for_every_class_and_the_longest_text(n: int) -> None:
    long = normalized("a" * n, *(Edit(i, i + 1, "b", f"L{i}", "r") for i in range(n)))
    style = show(long, normalized("a", Edit(0, 1, "b", "L0", "r"))).find("style")[0].text
    assert set(re.findall(r"^\.c(\d+) ", style, re.M)) == set(map(str, range(n)))
    assert set(re.findall(r"\.tip\.k(\d+)", style)) == set(map(str, range(n)))


# -- text ------------------------------------------------------------------------------------------------------------
def test_everything_is_escaped() -> None:
    value = {"why": NASTY, "alternatives": [NASTY, {NASTY: NASTY}], NASTY: [NASTY]}
    result = normalized(NASTY + "5", Edit(len(NASTY), len(NASTY) + 1, NASTY, NASTY, NASTY, 0.5, value))
    noted = normalized(NASTY, Edit(0, len(NASTY), None, NASTY, "r", 1.0, NASTY))
    page = parse(render([result, noted], pipeline(NASTY, lang='"><script>'), title=NASTY))
    plain = parse(render([normalized("5", Edit(0, 1, "a", "L", "r", 0.5, {"why": "w"}))], pipeline()))
    assert {n.tag for n in page.walk()} <= {n.tag for n in plain.walk()} | {"i"}
    assert pane(page, "source").text == result.source
    assert pane(page, "reading").text == result.text
    assert page.find("h1")[0].text == NASTY
    assert page.find("title")[0].text == f"{NASTY}: {NASTY}"
    assert page.find("td", "rule")[0].text == NASTY
    assert page.find("td", "label")[0].text == NASTY
    assert page.find("td", "why")[0].find("p")[0].text == NASTY


@pytest.mark.parametrize(
    ("char", "label", "kept"),
    [
        ("\u00a0", "NBSP", True),
        ("\u202f", "NNBSP", True),
        ("\u200b", "ZWSP", True),
        ("\u00ad", "SHY", True),
        ("\ufeff", "BOM", True),
        ("\u202e", "RLO", True),
        ("\u2009", "U+2009", True),
        ("\u3164", "U+3164", True),
        ("\ue000", "U+E000", True),
        ("\t", "TAB", True),
        ("\r", "CR", False),
        ("\0", "NUL", False),
        ("\x85", "NEL", False),
        ("\ud800", "U+D800", False),
        ("\ufffe", "U+FFFE", False),
    ],
)
def test_what_cannot_be_seen_is_shown_in_both_columns(char: str, label: str, kept: bool) -> None:
    page = show(normalized(f"a{char}b"))
    for side in ("source", "reading"):
        (box,) = pane(page, side).find("span", "inv")
        assert box.attrs["data-l"] == label
        assert box.attrs["title"].startswith(f"U+{ord(char):04X}")
        assert box.text == (char if kept else "")


def test_combining_mark_at_the_start_of_an_edit_gets_a_base() -> None:
    page = show(normalized("e\u0301o", Edit(1, 2, "", "S", "stress.strip")))
    (box,) = pane(page, "source").find("mark")[0].find("span", "inv")
    assert box.attrs["data-l"] == "◌\u0301" and "COMBINING ACUTE ACCENT" in box.attrs["title"]
    assert not pane(show(normalized("e\u0301o")), "source").find("span", "inv")  # on its base it can be seen


def test_spaces_are_dotted_only_where_an_edit_is_about_them() -> None:
    page = show(normalized("a  b c", Edit(1, 3, " ", "SPACE", "space.run"), Edit(3, 6, "b d", "X", "x")))
    assert [n.attrs["data-l"] for n in pane(page, "source").find("span", "inv")] == ["·", "·"]
    assert [n.attrs["data-l"] for n in pane(page, "reading").find("span", "inv")] == ["·"]


@pytest.mark.parametrize("text", ["👩\u200d💻", "می\u200cخواهم", "❤\ufe0f"])
def test_joiners_at_work_are_left_alone_but_shown_in_an_edit(text: str) -> None:
    assert not pane(show(normalized(text)), "source").find("span", "inv")
    edited = show(normalized(text, Edit(0, len(text), "x", "X", "x")))
    assert len(pane(edited, "source").find("span", "inv")) == 1
    assert pane(edited, "source").text == text


def test_idle_joiners_are_shown() -> None:
    assert len(pane(show(normalized("žo\u200ddis \u200ca\ufe0f")), "source").find("span", "inv")) == 3


def test_line_breaks_are_shown_and_kept() -> None:
    source = pane(show(normalized("a\nb")), "source")
    assert source.text == "a\nb"
    assert source.find("span", "inv")[0].attrs["data-l"] == "↵"


# -- places ----------------------------------------------------------------------------------------------------------
def test_adjacent_edits_behind_astral_characters() -> None:
    page = show(
        normalized(
            "👍𝒳𝒴5",
            Edit(1, 2, "X", "C", "c"),
            Edit(2, 3, "YY", "C", "c"),
            Edit(3, 3, "𝟙", "I", "i"),
            Edit(3, 4, "5𝟝", "N", "n"),
        )
    )
    assert [n.text for n in pane(page, "source").find("mark")] == ["𝒳", "𝒴", "", "5"]
    assert [n.text for n in pane(page, "reading").find("mark")] == ["X", "YY", "𝟙", "5𝟝"]
    assert pane(page, "reading").text == "👍XYY𝟙5𝟝"


def test_crossing_annotations_keep_one_id_each() -> None:
    page = show(normalized("abcdef", Edit(0, 4, None, "A", "a"), Edit(2, 6, None, "B", "b"), Edit(2, 3, "X", "C", "c")))
    for side, text in (("source", "abcdef"), ("reading", "abXdef")):
        node = pane(page, side)
        assert node.text == text
        assert sorted(n.attrs["id"][-1] for n in node.find("mark") if "id" in n.attrs) == ["0", "1", "2"]
        assert [pieces(node, k) for k in range(3)] == [text[:4], text[2:3], text[2:]]


def test_nested_annotations_are_not_cut() -> None:
    page = show(normalized("abcd", Edit(1, 2, "X", "C", "c"), Edit(1, 2, None, "A", "a"), Edit(1, 4, None, "B", "b")))
    for side, text in (("source", "bcd"), ("reading", "Xcd")):
        outer, middle, inner = pane(page, side).find("mark")
        assert (outer.text, middle.text, inner.text) == (text, text[0], text[0])
        assert [n.classes & {"note", "sub"} for n in (outer, middle, inner)] == [{"note"}, {"note"}, {"sub"}]


def test_crossing_annotations_are_cut_as_seldom_as_can_be() -> None:
    page = show(normalized("abcdefg", *(Edit(a, b, None, "A", "a") for a, b in ((0, 4), (1, 6), (2, 7)))))
    assert [n.text for n in pane(page, "source").find("mark", "more")] == ["efg", "ef"]


ALPHABET = [*'aė5 <&"\n\t\r\0\u00a0\u0301\u200d\u202e𝒳👍', "\ud800"]
words = st.text(st.sampled_from(ALPHABET), max_size=12)


@st.composite
def explained(draw: st.DrawFn) -> Normalized:
    source = draw(words)
    place = st.integers(0, len(source))
    cuts = sorted(draw(st.lists(place, max_size=8)))
    edits = [
        Edit(a, b, draw(words), draw(st.sampled_from("XY")), "r", draw(st.sampled_from([0.3, 1.0])))
        for a, b in zip(cuts[::2], cuts[1::2], strict=False)
    ]
    for a, b in draw(st.lists(st.tuples(place, place), max_size=3)):
        edits.append(Edit(min(a, b), max(a, b), None, "N", "n"))
    return normalized(source, *edits)


@given(st.lists(explained(), max_size=3))
def test_both_texts_stand_there_and_every_edit_once_on_each_side(results: Sequence[Normalized]) -> None:
    page = show(*results)
    shown = [result for result in results if result.source or result.edits]
    articles = page.find("article")
    assert len(articles) == len(shown)
    for article, result in zip(articles, shown, strict=True):
        i = article.attrs["id"][1:]
        source, reading = article.find("div", "source")[0], article.find("div", "reading")[0]
        assert source.text == standing(result.source)
        assert reading.text == standing(result.text)
        everyone = [str(k) for k in range(len(result.edits))]
        for side, node in (("s", source), ("r", reading)):
            marks = [n for n in node.find("mark") if "id" in n.attrs]
            assert sorted(n.attrs["id"] for n in marks) == sorted(f"{side}{i}-{k}" for k in everyone)
            assert all(n.attrs["tabindex"] == "0" for n in marks)
            assert all("tabindex" not in n.attrs for n in node.find("mark", "more"))
        assert [n.attrs["id"] for n in article.find("div", "tip")] == [f"d{i}-{k}" for k in everyone]
        assert [n.attrs["id"] for n in article.find("tr") if "id" in n.attrs] == [f"e{i}-{k}" for k in everyone]
        for k, edit in enumerate(result.edits):
            assert pieces(source, k) == standing(result.source[edit.start : edit.end])
            if edit.replacement is None:
                a, b = result.to_normalized(edit.start, edit.end)
                assert pieces(reading, k) == standing(result.text[a:b])
            else:
                assert pieces(reading, k) == standing(edit.replacement)


# -- edges -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("results", [[], [normalized("")], [normalized(""), normalized("")]])
def test_nothing_to_show(results: list[Normalized]) -> None:
    page = show(*results)
    assert not page.find("article") and not page.find("section", "legend")
    assert page.find("p", "nothing")
    assert page.find("ul", "figures")[0].find("b")[0].text == str(len(results))


def test_edit_of_an_empty_text_is_shown() -> None:
    page = show(normalized("", Edit(0, 0, "x", "I", "i")))
    assert pane(page, "source").find("mark")[0].text == "" and pane(page, "reading").find("mark")[0].text == "x"


def test_same_input_same_page() -> None:
    nlp = pipeline()
    assert render(nlp.batch(["5 ir 5", "a"]), nlp) == render(nlp.batch(["5 ir 5", "a"]), nlp)
