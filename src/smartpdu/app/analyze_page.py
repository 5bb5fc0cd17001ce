"""An analysis as one page of HTML that needs nothing beside it.

Its panels are those that matplotlib draws for a .png, as SVG: one drawing for both.
"""

import re
from html import escape

from smartpdu.app.analyze_sheet import Sheet
from smartpdu.app.analyze_text import RIGHT, Table, channels, events, headline, phases

STYLE = """
:root { color-scheme: light; }
body { margin: 0; background: #f4f5f7; color: #16191f; font: 14px/1.45 system-ui, "Segoe UI",
  Roboto, sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 78rem; margin: 0 auto; padding: 1.2rem; }
h1 { font-size: 1.3rem; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: .95rem; margin: 0 0 .6rem; }
header p { color: #5b6472; margin: 0; }
section { border: 1px solid #dfe3e8; border-radius: 8px; padding: 1rem 1.2rem;
  margin-top: 1rem; overflow-x: auto; background:
  linear-gradient(90deg, #fff 40%, #fff0) 0 / 2.5rem 100% no-repeat local,
  linear-gradient(-90deg, #fff 40%, #fff0) 100% / 2.5rem 100% no-repeat local,
  linear-gradient(90deg, #16191f40, #fff0) 0 / 12px 100% no-repeat,
  linear-gradient(-90deg, #16191f40, #fff0) 100% / 12px 100% no-repeat, #fff; }
table { border-collapse: collapse; }
th { color: #5b6472; font-weight: 600; text-align: left; border-bottom: 1px solid #dfe3e8; }
th, td { padding: .25rem 1.4rem .25rem 0; white-space: nowrap; }
td { border-bottom: 1px solid #eef0f3; }
tr:last-child td { border-bottom: 0; }
.right { text-align: right; }
ul { margin: 0; padding-left: 1.2rem; color: #5b6472; }
svg { width: 100%; height: auto; display: block; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr));
  gap: 1rem; }
.panels svg { max-width: 44rem; }
@media (max-width: 30rem) { main { padding: .6rem; } section { padding: .8rem; }
  th, td { padding-right: .9rem; } }
"""

VIEW = '<meta name="viewport" content="width=device-width, initial-scale=1">'


def page(sheet: Sheet, panels: list[str]) -> str:
    """The page of an analysis with its panels, each an SVG."""
    tables = [events(sheet), phases(sheet), channels(sheet)]
    lines = "".join(f"<p>{escape(line)}</p>" for line in headline(sheet))
    parts = [
        f"<header><h1>{escape(sheet.file)}</h1>{lines}</header>",
        *(_table(table) for table in tables if table.rows),
        f'<section class="panels">{"".join(map(_inline, panels))}</section>',
        _notes((*(f"{mark.quality}: {mark.words}" for mark in sheet.marks), *sheet.notes)),
    ]
    title = f"<title>{escape(sheet.file)}</title>"
    head = f'<meta charset="utf-8">{VIEW}{title}<style>{STYLE}</style>'
    body = "\n".join(part for part in parts if part)
    whole = f'<html lang="en"><head>{head}</head>\n<body><main>{body}</main></body></html>'
    return f"<!doctype html>\n{whole}\n"


def _table(table: Table) -> str:
    sides = [' class="right"' if side == RIGHT else "" for side in table.sides]

    def row(cells: tuple[str, ...], tag: str) -> str:
        pairs = zip(cells, sides, strict=True)
        return f"<tr>{''.join(f'<{tag}{side}>{escape(cell)}</{tag}>' for cell, side in pairs)}</tr>"

    body = "\n".join(row(each, "td") for each in table.rows)
    heading = f"<thead>{row(table.headings, 'th')}</thead>"
    return f"<section><h2>{table.title}</h2><table>{heading}<tbody>{body}</tbody></table></section>"


def _notes(notes: tuple[str, ...]) -> str:
    if not notes:
        return ""
    points = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f"<section><h2>Notes</h2><ul>{points}</ul></section>"


def _inline(picture: str) -> str:
    """An SVG without what only a file of its own needs, as the address of its document type."""
    drawn = picture[picture.index("<svg") :]
    return re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
