"""Writes docs/reference/products.md: which columns of which makers' PDUs the program reads."""

from pathlib import Path

from smartpdu.drivers.maps import MAPPED, Map, load, names

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "products.md"
HEAD = """\
# PDUs that the program reads

Made from the maps in `src/smartpdu/drivers/products` by `make docs`. How to add one:
[write a map](../how-to/map.md).

| maker | family | map | switched | device thresholds |
| --- | --- | --- | --- | --- |
"""


def page(maps: list[Map]) -> str:
    """The whole page."""
    rows = [
        f"| {m.maker} | {m.family} | `{m.name}` | {_switched(m)} | {_limits(m)} |" for m in maps
    ]
    kinds = [
        f"| {m.maker} {m.family} | {kind.value} | {', '.join(told)} |"
        for m in maps
        for kind in MAPPED
        if (told := m.columns[kind])
    ]
    columns = ["", "| device | of each of the | columns |", "| --- | --- | --- |", *kinds]
    return HEAD + "\n".join([*rows, *columns]) + "\n"


def _switched(map_: Map) -> str:
    return "yes" if map_.on and map_.off else "no"


def _limits(map_: Map) -> str:
    return ", ".join(f"{c} of {k.value}" for k, told in map_.limits.items() for c in told) or "none"


if __name__ == "__main__":
    PAGE.write_text(page([load(name) for name in names()]), encoding="utf-8")
