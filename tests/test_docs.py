"""The pages say what the code does: every snippet, table and example of rules.md and lithuanian.md is run."""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from textnorm import load
from textnorm.cli import main
from textnorm.errors import RulePackError
from textnorm.languages.lt.reader import LithuanianReader
from textnorm.normalizers.nsw import make_nsw
from textnorm.rules import pack as packs

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
RULES = (DOCS / "rules.md").read_text(encoding="utf-8")
LITHUANIAN = (DOCS / "lithuanian.md").read_text(encoding="utf-8")

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
MARK = re.compile(r"\[(\w+):([^\]]+)\]")


def tables(text):
    """Return each table of a page as its header and rows of cells; ``\\|`` is a bar inside a cell."""
    found = []
    for block in re.findall(r"(?:^\|.*\|$\n?)+", text, re.MULTILINE):
        rows = [
            [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in block.splitlines()
        ]
        found.append((tuple(rows[0]), rows[2:]))
    return found


def table(text, *header):
    """Return the rows of the one table with this header."""
    (rows,) = [rows for head, rows in tables(text) if head == header]
    return rows


def fences(text):
    """Return the fenced blocks: language, what stands behind it, and the text."""
    return re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def code(cell):
    return re.fullmatch(r"`(.*)`", cell)[1]


def anchors(text):
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"`[^`\n]*`", "", text)
    for target in LINK.findall(text):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.exists(), target
        if anchor:
            assert anchor in anchors(other.read_text(encoding="utf-8")), target


def test_the_index_names_every_page():
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    assert {page.name for page in DOCS.glob("*.md")} - {"README.md"} <= set(LINK.findall(index))


# -- rules.md --------------------------------------------------------------------------------------------------------
@pytest.fixture
def files(tmp_path, monkeypatch):
    """The files of the page, written as a reader would write them."""
    for _, name, text in fences(RULES):
        if name:
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_worked_example_reads_as_the_page_says(files):
    nlp = load("mine.cfg")
    rows = table(RULES, "written", "spoken")
    assert len(rows) >= 2
    assert [nlp(written).text for written, _ in rows] == [spoken for _, spoken in rows]
    fired = {edit.rule for written, _ in rows for edit in nlp(written).edits}
    assert {"mine.rooms", "user.mine.2"} <= fired


def test_the_worked_example_is_needed(files):
    """Without the overlay the same texts read differently, so the example shows something."""
    plain = load("lt-speech")
    assert all(plain(written).text != spoken for written, spoken in table(RULES, "written", "spoken"))


def test_the_python_of_the_page_finds_no_failure(files):
    (block,) = [text for language, _, text in fences(RULES) if language == "python"]
    printed = io.StringIO()
    scope = {}
    with contextlib.redirect_stdout(printed):
        exec(block, scope)
    assert printed.getvalue().strip() == ""
    mine = [rule for rule in scope["nsw"].pack.rules if rule.id == "mine.rooms"]
    assert len(mine[0].examples) == 2
    assert len(mine[0].counterexamples) == 1


def test_the_commands_of_the_page_print_what_it_says(files):
    blocks = [text for language, _, text in fences(RULES) if language == "console"]
    assert blocks
    for block in blocks:
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, wanted = part.partition("\n")
            result = CliRunner().invoke(main, line.split()[1:])
            assert result.exit_code == 0, result.output
            assert result.stdout == wanted


def test_the_keys_of_a_rule_are_those_of_the_loader():
    rows = {code(key): (default, text) for key, default, text in table(RULES, "key", "default", "meaning")}
    assert set(rows) == packs._KEYS
    known = {field.name: field.default for field in fields(packs.Rule)}
    for key, (default, _) in rows.items():
        if default.startswith("`") and key != "boundary":
            told = code(default)
            wanted = known[key]
            assert told in (repr(wanted).lower(), f'"{wanted}"', repr(list(wanted)) if wanted == () else None), key
    assert rows["class"][1].partition(": ")[2].split(", ") == list(packs.CLASSES)
    for name in packs.ACTIONS:
        assert f"`{name}`" in rows["action"][1]
    for name in packs.FINAL_STOPS:
        assert f"`{name}`" in RULES


def test_the_limits_of_the_page_are_those_of_the_code():
    from textnorm.languages.lt.slots import MAX_DIGITS
    from textnorm.rules.pattern import MAX_REPEAT

    assert f"above {MAX_REPEAT}:" in RULES
    assert f"cut at {packs.REACH} code points" in RULES
    assert f"than {MAX_DIGITS} digits" in " ".join(RULES.split())


@pytest.mark.parametrize("pattern", [r"\d+", r"a{1,65}", r"(?:\d{1,3} ){1,4}", r"\d{0,3}", r"\pLa", r"(a)?(?(1)b|c)"])
def test_what_the_page_calls_refused_is(tmp_path, pattern):
    overlay = tmp_path / "bad.toml"
    head = "[[rule]]\nid = 'x'\nclass = 'NUM'\nreading = 'x'\n"
    overlay.write_text(f"{head}pattern = '''{pattern}'''\n", encoding="utf-8")
    with pytest.raises(RulePackError, match="the pattern cannot be used"):
        make_nsw("lt", overlays=[str(overlay)])


FUNCTIONS = ("function", "what it reads", "names among its arguments", "example: reading", "written", "gives")


def test_every_reading_function_is_in_the_table():
    assert {code(row[0]) for row in table(RULES, *FUNCTIONS)} == set(LithuanianReader().functions)


@pytest.mark.parametrize("row", table(RULES, *FUNCTIONS), ids=lambda row: row[0])
def test_every_reading_function_does_what_the_table_says(tmp_path, row):
    function, _, _, template, written, gives = row
    template = code(template)
    if code(function) == "word":
        assert "{=" in template
    else:
        assert re.search(rf":{code(function)}\b", template)
    pattern, at = "", None
    for mark in MARK.finditer(written):
        between = "" if at is None else re.escape(written[at : mark.start()])
        pattern += f"{between}(?P<{mark[1]}>{re.escape(mark[2])})"
        at = mark.end()
    overlay = tmp_path / "row.toml"
    head = "[[rule]]\nid = 'page.row'\nclass = 'NUM'\npriority = 20000\n"
    overlay.write_text(f"{head}pattern = '''{pattern}'''\nreading = '{template}'\n", encoding="utf-8")
    text = MARK.sub(r"\2", written)
    edits = make_nsw("lt", overlays=[str(overlay)])([text])
    assert edits.apply([text]) == [gives]
    assert list(edits.rule) == ["page.row"]


def test_the_priorities_of_the_page_are_those_of_the_pack():
    pack = packs.load_pack("lt")
    rows = table(RULES, "rule", "priority")
    for name, number in rows:
        assert pack.rule(code(name)).priority == int(number), name
    numbers = [int(number) for _, number in rows]
    assert numbers == sorted(numbers, reverse=True)


def test_the_options_of_the_page_are_those_of_the_component():
    import inspect

    rows = table(RULES, "option", "default", "meaning")
    parameters = inspect.signature(make_nsw).parameters
    assert {code(row[0]) for row in rows} == set(parameters)
    for name, default, _ in rows:
        wanted = parameters[code(name)].default
        shown = {"null": "None", "`[]`": "()", "`{}`": "None"}.get(default, default.strip("`").replace('"', "'"))
        assert shown == repr(wanted), name


# -- lithuanian.md ---------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def nlp():
    return load("lt-speech")


def test_every_example_is_read_so(nlp):
    rows = table(LITHUANIAN, "class", "what", "written", "spoken")
    outs = nlp.batch([row[2] for row in rows])
    assert [out.text for out in outs] == [row[3] for row in rows]
    for (label, _, written, _), out in zip(rows, outs, strict=True):
        assert label in {edit.label for edit in out.edits}, written
    assert list(dict.fromkeys(row[0] for row in rows)) == list(packs.CLASSES)


def test_what_stays_stays(nlp):
    texts = [row[0] for row in table(LITHUANIAN, "written", "why")]
    assert texts
    assert [out.text for out in nlp.batch(texts)] == texts


def test_every_option_does_what_the_page_says():
    from typing import get_args

    from textnorm.languages.lt import reader

    rows = table(LITHUANIAN, "option", "value", "written", "spoken")
    for option, value, written, spoken in rows:
        chosen = {code(option): re.match(r"`(\w+)`", value)[1]}
        assert load("lt-speech", overrides={"components.nsw.options": chosen})(written).text == spoken
        if "default" in value:
            assert load("lt-speech")(written).text == spoken
    told = {}
    for option, value, _, _ in rows:
        told.setdefault(code(option), []).append(re.match(r"`(\w+)`", value)[1])
    assert told == {
        "one": list(get_args(reader.One)),
        "acronyms": list(get_args(reader.Acronyms)),
        "phone_digits": list(get_args(reader.PhoneDigits)),
        "units": list(get_args(reader.Units)),
    }


def test_every_domain_does_what_the_page_says():
    rows = table(LITHUANIAN, "domain", "written", "spoken")
    names = packs.load_pack("lt").domains
    made = {name: load("lt-speech", overrides={"components.nsw.domain": name}) for name in names}
    assert {code(row[0]) for row in rows} == set(made)
    for domain, written, spoken in rows:
        assert made[code(domain)](written).text == spoken


def test_the_reasons_are_those_of_explain(nlp):
    rows = table(LITHUANIAN, "written", "spoken", "why")
    assert rows
    for written, spoken, why in rows:
        out = nlp(written)
        assert out.text == spoken
        assert [edit.value["why"] for edit in out.edits] == [why]


def test_the_accounts_are_those_of_explain(nlp):
    from textnorm.commands.common import grammar_of

    rows = table(LITHUANIAN, "written", "account")
    assert rows
    for written, told in rows:
        (edit,) = nlp(written).edits
        assert "; ".join(grammar_of(dict(edit.value))) == told


def test_what_the_safe_pipeline_leaves(nlp):
    rows = table(LITHUANIAN, "written", "`lt-speech`", "`lt-speech-safe`")
    safe = load("lt-speech-safe")
    assert rows
    for written, full, certain in rows:
        assert nlp(written).text == full
        assert safe(written).text == certain


def test_known_faults_are_still_there(nlp):
    """Strict: who mends one takes its row out of the page."""
    for written, today, right in table(LITHUANIAN, "written", "read today", "right"):
        got = nlp(written).text
        assert got != right, f"mended, so take the row out of docs/lithuanian.md: {written}"
        assert got == today


def test_the_windows_of_the_page_are_those_of_the_context():
    from textnorm.languages.lt import context

    assert (context.LEFT_TOKENS, context.RIGHT_TOKENS) == (7, 9)
    assert f"at most seven words to the left and nine to the right, {context.WINDOW} characters" in LITHUANIAN
