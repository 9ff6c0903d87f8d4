"""Style sheet of the page that ``textnorm explain --html`` writes."""

from __future__ import annotations

#: Degrees between the hues of two classes; the golden angle keeps any number of them apart.
GOLDEN_ANGLE = 137.508
FIRST_HUE = 250.0
#: After so many classes hues get close, so the next ones have another fill and another underline.
HUES = 8
LINES = ("solid", "double", "dotted")

STYLE = """\
:root {
  color-scheme: light dark;
  --bg: #f6f5f2; --card: #fff; --ink: #1d1f24; --soft: #5d626c; --line: #e1dfd9;
  --warn: #a34700; --warn-bg: #fff0dc; --link: #1a56b8; --shade: 0 6px 24px #0003;
  --fill0: 94.5% .045; --fill1: 88% .085; --fill2: 91% .02; --edge: 60% .14; --word: 38% .12; --h: 250;
  --fill: var(--fill0);
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #131519; --card: #1b1e24; --ink: #e7e8ea; --soft: #a1a7b1; --line: #30353e;
    --warn: #ffb868; --warn-bg: #47310f; --link: #8fb8ff; --shade: 0 6px 24px #000b;
    --fill0: 32% .055; --fill1: 41% .085; --fill2: 36% .02; --edge: 70% .12; --word: 90% .07;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 7rem; }
body {
  margin: 0 auto; padding: 2rem clamp(.75rem, 3vw, 2.5rem) 5rem; max-width: 92rem;
  background: var(--bg); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
p, ul, h1, h2 { margin: 0; padding: 0; }
code { font: .86em/1.4 ui-monospace, "SF Mono", "Cascadia Mono", Consolas, "DejaVu Sans Mono", monospace; }
a { color: var(--link); text-underline-offset: .15em; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
.vh { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip {
  position: absolute; inset: .5rem auto auto .5rem; padding: .4rem .8rem; background: var(--card);
  translate: 0 -5rem;
}
.skip:focus { translate: 0; z-index: 9; }
.flag { color: var(--warn); font-weight: 600; }

/* header */
.eyebrow { color: var(--soft); font-size: .875rem; letter-spacing: .02em; }
h1 { font-size: clamp(1.75rem, 4vw, 2.5rem); line-height: 1.15; letter-spacing: -.02em; overflow-wrap: anywhere; }
.about { margin-top: .35rem; max-width: 60rem; color: var(--soft); }
.figures { display: flex; flex-wrap: wrap; gap: .25rem 2rem; margin-top: 1rem; list-style: none; }
.figures b { font-size: 1.375rem; font-variant-numeric: tabular-nums; letter-spacing: -.01em; }
.figures small { color: var(--soft); font-size: .8125rem; }
.figures small::before { content: "("; }
.figures small::after { content: ")"; }
.facts { margin-top: .6rem; color: var(--soft); font-size: .8125rem; overflow-wrap: anywhere; }

/* legend and switches */
.legend {
  margin-top: 1.25rem; padding: .9rem 1rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 10px;
}
.legend ul { display: flex; flex-wrap: wrap; gap: .4rem; list-style: none; }
.chip {
  display: inline-block; padding: .05rem .45rem; border-radius: 5px; white-space: nowrap; font-size: .8125rem;
  background: oklch(var(--fill) var(--h)); color: oklch(var(--word) var(--h)); font-weight: 600;
}
label { cursor: pointer; }
label.chip {
  padding: .15rem .55rem .15rem .35rem; border-bottom: 2px var(--stroke, solid) oklch(var(--edge) var(--h));
}
label.chip:has(input:not(:checked)) { opacity: .5; text-decoration: line-through; }
label.chip b { font-weight: 400; font-variant-numeric: tabular-nums; }
input {
  margin: 0 .1rem 0 0; width: .85rem; height: .85rem; vertical-align: -.1rem;
  accent-color: oklch(var(--edge) var(--h));
}
.switches { display: flex; flex-wrap: wrap; gap: .3rem 1.25rem; margin-top: .75rem; font-size: .875rem; }
.switches input { accent-color: var(--link); }
.key { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin-top: .7rem; color: var(--soft); font-size: .8125rem; }
.key mark { cursor: default; white-space: nowrap; }
.how { margin-top: .5rem; color: var(--soft); font-size: .8125rem; }

/* texts */
.heads {
  position: sticky; top: 0; z-index: 2; display: grid; grid-template-columns: 1fr 1fr; gap: 1.5rem;
  margin-top: 1.5rem; padding: .5rem 1.15rem; background: var(--bg);
  color: var(--soft); font-size: .8125rem; font-weight: 600; letter-spacing: .02em;
}
.t {
  margin-bottom: .9rem; padding: .75rem 1.15rem 1rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 10px; anchor-scope: --on;
}
.t:target { border-color: var(--link); }
h2 { color: var(--soft); font-size: .8125rem; font-weight: 400; }
h2 a {
  display: inline-block; min-width: 1.5em; color: inherit; font-weight: 600; font-variant-numeric: tabular-nums;
  text-decoration: none;
}
h2 a:hover { text-decoration: underline; }
.same { background: none; }
.same .reading { color: var(--soft); }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1.5rem; margin-top: .25rem; }
.pane { min-width: 0; font-size: 1.0625rem; line-height: 1.95; white-space: pre-wrap; overflow-wrap: anywhere; }
.pane.reading { position: relative; }
.pane.reading::before {
  content: ""; position: absolute; inset: .3rem auto .3rem -.75rem; border-left: 1px solid var(--line);
}
.nothing { padding: 3rem 0; color: var(--soft); text-align: center; }

/* edits in the text */
mark {
  padding: .12em .1em .08em; border-radius: 3px 3px 0 0; color: inherit; cursor: help;
  background: oklch(var(--fill) var(--h)); border-bottom: 2px var(--stroke, solid) oklch(var(--edge) var(--h));
  outline: 0 solid oklch(var(--edge) var(--h)); outline-offset: 1px;
  -webkit-box-decoration-break: clone; box-decoration-break: clone;
}
mark:focus-visible { outline: 2px solid oklch(var(--edge) var(--h)); outline-offset: 1px; border-radius: 3px 3px 0 0; }
.source mark.del, .key mark.del { text-decoration: line-through; text-decoration-thickness: 1.5px; }
mark.note { background: none; border-bottom-style: dashed; }
mark.note mark { padding-block: 0; }
mark.void { padding-inline: .2em; }
mark.void::before { color: oklch(var(--edge) var(--h)); font-size: .85em; }
mark.void.ins::before { content: "\\2038" / "inserted here"; font-weight: 700; }
mark.void.del::before { content: "\\2205" / "deleted"; }
mark.void.note::before { content: "\\25c7" / "marked"; }
.reading mark.low:not(.more)::after, .key mark.low::after {
  content: "?" / "to check"; margin-inline-start: .15em; padding: 0 .25em; border-radius: 3px; vertical-align: .35em;
  background: var(--warn-bg); color: var(--warn); font-size: .65em; font-weight: 700; text-decoration: none;
  line-height: 1;
}
.inv {
  display: inline-block; margin: 0 .1em; padding: 0 .25rem; border: 1px solid currentColor; border-radius: 3px;
  opacity: .8;
  font-size: 0; line-height: 1.1; white-space: pre; unicode-bidi: isolate; vertical-align: middle;
}
.inv::before {
  content: attr(data-l); font: 600 .625rem/1.2 ui-monospace, "SF Mono", Consolas, "DejaVu Sans Mono", monospace;
}
.inv[data-l="\\b7"], .inv[data-l="\\21b5"] { border: 0; padding: 0; }
.inv[data-l="\\b7"]::before, .inv[data-l="\\21b5"]::before { font-size: 1rem; }

/* what an edit says when it is pointed at */
.tips {
  position: fixed; z-index: 5; left: 50%; bottom: 1rem; translate: -50% 0; width: max-content;
  max-width: min(26rem, 100vw - 1.5rem);
  pointer-events: none;
}
.tip {
  display: none; margin: .35rem; padding: .6rem .8rem .65rem; background: var(--card); border: 1px solid var(--line);
  border-top: 3px solid oklch(var(--edge) var(--h)); border-radius: 8px; box-shadow: var(--shade);
  font-size: .875rem; overflow-wrap: anywhere;
}
.tip .head { display: flex; flex-wrap: wrap; gap: .2rem .6rem; align-items: baseline; }
.tip .change { margin-top: .35rem; font-size: 1rem; }
.tip .change span { font-weight: 600; }
.tip .change .to { color: var(--soft); font-weight: 400; }
.tip p:not(.head, .change) { margin-top: .2rem; color: var(--soft); }
main:has(mark:hover) .t:not(:hover) .tips { display: none; }
@supports (position-area: block-end) and (anchor-scope: --on) {
  @media (min-width: 45.01rem) {
    .t mark:hover, .t:not(:has(mark:hover)) mark:focus { anchor-name: --on; }
    .tips {
      position-anchor: --on; inset: auto; translate: none; margin: 0;
      position-area: block-end span-inline-end;
      position-try-fallbacks: flip-inline, flip-block, flip-block flip-inline;
    }
  }
}

/* tables */
.edits { margin-top: 1rem; border-top: 1px solid var(--line); overflow-x: auto; }
table { width: 100%; min-width: 52rem; table-layout: fixed; border-collapse: collapse; font-size: .8125rem; }
th { padding: .4rem .75rem .3rem 0; color: var(--soft); font-weight: 400; text-align: start; white-space: nowrap; }
td { padding: .28rem .75rem .28rem 0; vertical-align: top; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
tbody tr:first-child td { border-top-color: transparent; }
tr { outline: 0 solid oklch(var(--edge) var(--h)); outline-offset: -1px; }
tr:target td { background: oklch(var(--fill) var(--h)); }
td i { color: var(--soft); }
.place, .sure { white-space: nowrap; font-variant-numeric: tabular-nums; }
.place a { color: var(--soft); text-decoration: none; }
.place a:hover { text-decoration: underline; }
.place { padding-left: .3rem; }
th:nth-child(1) { width: 5rem; padding-left: .3rem; }
th:nth-child(2) { width: 14%; }
th:nth-child(3) { width: 25%; }
th:nth-child(4) { width: 7.5rem; }
th:nth-child(5) { width: 11rem; }
th:nth-child(6) { width: 6.5rem; }
.after { font-weight: 600; }
.after i { font-weight: 400; }
.why, .rule { color: var(--soft); }
.also span { color: var(--ink); }
.bar {
  display: inline-block; width: 2.25rem; height: .35rem; margin-inline-end: .4rem; border-radius: 1rem;
  vertical-align: .1rem;
  background: linear-gradient(to right, var(--soft) calc(var(--p) * 100%), var(--line) 0); }
.low .bar { background: linear-gradient(to right, var(--warn) calc(var(--p) * 100%), var(--line) 0); }

/* switches at work */
body:has(#tables:not(:checked)) .edits,
body:has(#same:not(:checked)) .t.same,
body:has(#check:checked) .t:not(.unsure),
body:has(#check:checked) tbody tr:not(.low) { display: none; }
body:has(#check:checked) .t mark:not(.low) { background: none; border-color: transparent; }

@media screen and (max-width: 45rem) {
  body { padding-top: 1.25rem; }
  .heads { display: none; }
  main { margin-top: 1rem; }
  .t { padding-inline: .85rem; }
  .pair { grid-template-columns: 1fr; gap: .6rem; }
  .pane::before, .pane.reading::before {
    content: attr(class); position: static; display: block; border: 0; color: var(--soft);
    font-size: .75rem; font-weight: 600; line-height: 1.4;
  }
  .pane.source::before { content: "Source"; }
  .pane.reading::before { content: "Reading"; }
  .pane.reading { padding-top: .5rem; border-top: 1px solid var(--line); }
  table, tbody { display: block; min-width: 0; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr {
    display: flex; flex-wrap: wrap; gap: .1rem .5rem; align-items: baseline; padding: .5rem 0;
    border-top: 1px solid var(--line);
  }
  tbody tr:first-child { border-top: 0; }
  td { padding: 0; border: 0; min-width: 0; }
  .place { order: 2; }
  .label { order: 1; }
  .sure { order: 3; margin-left: auto; }
  tr::before { content: ""; order: 4; flex: 1 0 100%; }
  .before { order: 5; font-size: .9375rem; }
  .after { order: 6; font-size: .9375rem; }
  .after::before { content: "\\2192\\a0" / "becomes "; color: var(--soft); font-weight: 400; }
  .rule { order: 8; flex: 1 0 100%; }
  .why { order: 7; flex: 1 0 100%; width: auto; }
  .why:empty { display: none; }
}
@media print {
  :root {
    color-scheme: light; --bg: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --warn: #a34700;
    --warn-bg: #fff0dc;
    --fill0: 94.5% .045; --fill1: 88% .085; --fill2: 91% .02; --edge: 60% .14; --word: 38% .12;
  }
  html { font-size: 9pt; }
  body { max-width: none; padding: 0; }
  .pane { line-height: 1.7; }
  table { min-width: 0; font-size: .72rem; }
  .bar { display: none; }
  th:nth-child(4), th:nth-child(6) { width: 5.5rem; }
  th:nth-child(5) { width: 8.5rem; }
  mark, .chip, .bar { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .switches, .how, .skip, .tips, label input { display: none; }
  .heads { position: static; }
  .t { break-inside: auto; border-width: 1px 0 0; border-radius: 0; padding-inline: 0; }
  tr { break-inside: avoid; }
  h2 { break-after: avoid; }
}
@media (forced-colors: active) {
  mark { outline-color: Highlight; border-bottom-color: CanvasText; }
  mark.del { text-decoration: line-through; }
}
"""


def class_rules(n: int) -> str:
    """Return the colours of ``n`` classes, and what their check boxes do."""
    rules: list[str] = []
    for i in range(n):
        hue = (FIRST_HUE + i * GOLDEN_ANGLE) % 360
        tier = i // HUES % len(LINES)
        off = f"body:has(#f{i}:not(:checked))"
        rules.append(f".c{i} {{ --h: {hue:.0f}; --fill: var(--fill{tier}); --stroke: {LINES[tier]}; }}")
        rules.append(f"{off} .t mark.c{i} {{ background: none; border-color: transparent; }}")
        rules.append(f"{off} .t mark.c{i}::after {{ content: none; }}")
        rules.append(f"{off} tr.c{i} {{ display: none; }}")
    return "".join(f"{rule}\n" for rule in rules)


def pair_rules(n: int) -> str:
    """Return the rules that join the two sides and the row of edit ``k`` of a text, for ``n`` edits a text at most.

    Texts share them, so the style sheet grows with the longest text, not with all of them.
    """
    return "".join(
        f".t:has(.k{k}:is(:hover, :focus)) :is(mark, tr).k{k} {{ outline-width: 2px; }}\n"
        f".t:has(mark.k{k}:hover) .tip.k{k},\n"
        f".t:not(:has(mark:hover)):has(mark.k{k}:focus) .tip.k{k} {{ display: block; }}\n"
        for k in range(n)
    )
