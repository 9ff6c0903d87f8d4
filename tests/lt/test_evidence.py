"""What agreement leaves out of its evidence changes nothing: the tokens behind, the words before, the number's size."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from textnorm.languages.lt import agreement, heads
from textnorm.languages.lt.agreement import agree
from textnorm.languages.lt.context import LEFT_TOKENS, RIGHT_TOKENS, Context
from textnorm.languages.lt.demand import demand

WORDS = (
    "dalis|dalies|dalyje|dalys|straipsnio|straipsnyje|metų|metai|metus|dieną|dienų|valandą|kilometrų|eurų|procentų|vaikai|"
    "vaikų|vaikams|moterys|nariai|narių|tarybos|įmonės|durys|žmonių|asmenų|komisija|terminas|terminą|pločio|mokinys|"
    "naujų|naujos|lietuvos|kiti|visi|šie|savo|pirmas|du|penkių|šimtų|dirbančių|nustatytą|nustatyta|atliekantys|gavo|"
    "yra|buvo|neturi|sudaro|dirba|dirbo|po|už|per|nuo|iki|su|be|pagal|į|iš|apie|tarp|kaip|ne|ilgesnį|daugiau|mažiau|"
    "bet|o|mažesnio|didesnės|kiekio|vertės|tonų|klasės|grupės|patikrinimo|medžiaga|kartų|nei|vakaro|"
    "puse|keli|eilės|ir|ar|arba|bei|kad|tik|lygiai|sausio|kovo|sąrašus|gen.|mgl|xyz|#0|#1|#2|#y|#d|#o|.|,|;|(|)|„|“|–|/|%|:|…"
).split("|")
words = st.lists(st.sampled_from(WORDS), max_size=max(LEFT_TOKENS, RIGHT_TOKENS)).map(tuple)
numbers = st.sampled_from((0, 1, 2, 5, 10, 11, 21, 22, 30, 101, 112, 1000, 1001, 2024))


def whole(ctx: Context, n: int) -> agreement.Agreement:
    """Agree with nothing left out and nothing remembered."""
    group = heads.number_group(n)
    before = agreement._before(ctx.left)._replace(words=ctx.left)
    return agreement._settle.__wrapped__(before, group, n == 1, ctx.right, ctx.caps, False)


@settings(max_examples=1500, deadline=None)
@given(left=words, right=words, capital=st.integers(0, 3 * RIGHT_TOKENS), n=numbers)
@example(left=("po",), right=("dienų", "pagal", "dalis"), capital=99, n=5)
@example(left=(), right=("xyz", "pagal", "terminas"), capital=99, n=5)
@example(left=(), right=("pagal", "terminas"), capital=99, n=5)
@example(left=(), right=("metų", "per", "valandą", "terminas"), capital=99, n=5)
@example(left=("nuo",), right=("iki", "#2", "(", "naujų", ")", "metų"), capital=99, n=5)
def test_what_is_left_out_changes_nothing(left: tuple[str, ...], right: tuple[str, ...], capital: int, n: int) -> None:
    caps = tuple(i == capital for i in range(len(right))) if capital < len(right) else ()
    ctx = Context(left, right, caps)
    assert agree(ctx, n) == whole(ctx, n)


@settings(max_examples=300, deadline=None)
@given(left=words)
def test_a_demand_without_condition_hangs_on_no_noun(left: tuple[str, ...]) -> None:
    before = agreement._before(left)
    if before.words:
        assert before.words == left
        return
    for classes in (("time",), ("distance",), ("measure",), ("money",), ("time", "measure")):
        assert demand(left, frozenset(classes)) == before.wanted


def test_much_is_left_out() -> None:
    """The memo serves: what stands behind the next clause is no part of its key."""
    right = ("straipsnio", "dalyje", ",", "kurioje", "nustatyta")
    assert heads.looked_at(right, "2", in_range=False) == 3
    assert heads.looked_at(("dienų", "pagal", "įstatymą"), "0", in_range=False) == 2
