"""Pages of plain text for a person at the door, in the language that the browser asks for."""

from collections.abc import Mapping

from fastapi.responses import HTMLResponse

STYLE = """<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;
padding:0 1.5rem}h1{font-size:1.3rem}code{background:#8882;padding:.1em .3em}</style>"""
LANGUAGES = ("en", "de")  # the first one where the browser asks for neither

NEW = {
    "en": """<p>For a new link, start <code>smartpdu run</code> again; no outlet moves by that.
</p>""",
    "de": """<p>Für einen neuen Link <code>smartpdu run</code> neu starten; dabei schaltet keine
Steckdose.</p>""",
}
IN = {
    "en": '<p>If this browser is in already, <a href="/">open the page</a>.</p>',
    "de": '<p>Ist dieser Browser schon drin: <a href="/">zur Seite</a>.</p>',
}
AGAIN = {
    "en": "This link was not used up. Once that is mended, open the same link again, within 10 "
    "minutes of its printing.",
    "de": "Dieser Link ist nicht verbraucht. Danach denselben Link noch einmal öffnen, innerhalb "
    "von 10 Minuten nach seiner Ausgabe.",
}

# Name of a notice: by language its heading and its body.
NOTICES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "closed": {
        "en": (
            "this page needs a login link",
            "<p>The program prints a link when it starts. It lets one browser in, once, within 10 "
            f"minutes.</p>{NEW['en']}",
        ),
        "de": (
            "diese Seite braucht einen Login-Link",
            "<p>Das Programm gibt beim Start einen Link aus. Er lässt einen Browser einmal hinein, "
            f"innerhalb von 10 Minuten.</p>{NEW['de']}",
        ),
    },
    "used": {
        "en": (
            "this login link was used up or has expired",
            "<p>A link lets one browser in, once, within 10 minutes of its printing. This one did "
            f"so already, is older, or was not copied whole.</p>{IN['en']}{NEW['en']}",
        ),
        "de": (
            "dieser Login-Link ist verbraucht oder abgelaufen",
            "<p>Ein Link lässt einen Browser einmal hinein, innerhalb von 10 Minuten nach seiner "
            "Ausgabe. Dieser hat das schon getan, ist älter oder nicht ganz kopiert.</p>"
            f"{IN['de']}{NEW['de']}",
        ),
    },
    "disk_full": {
        "en": (
            "nobody can be let in, the disk is full",
            "<p>Whom a link lets in is recorded on the disk first, and there is no room left. "
            f"Measuring and alarms go on.</p><p>Free some space. {AGAIN['en']}</p>",
        ),
        "de": (
            "der Datenträger ist voll, niemand kann hinein",
            "<p>Wen ein Link einlässt, wird zuerst aufgezeichnet, und dafür ist kein Platz mehr. "
            f"Messung und Alarme laufen.</p><p>Platz schaffen. {AGAIN['de']}</p>",
        ),
    },
    "unrecorded": {
        "en": (
            "nobody can be let in, the disk does not take anything",
            "<p>Whom a link lets in is recorded on the disk first, and that fails; the log of the "
            "program and <code>/healthz</code> tell more. Measuring and alarms go on.</p>"
            f"<p>{AGAIN['en']}</p>",
        ),
        "de": (
            "der Datenträger nimmt nichts an, niemand kann hinein",
            "<p>Wen ein Link einlässt, wird zuerst aufgezeichnet, und das gelingt nicht; mehr sagt "
            "das Log des Programms. Messung und Alarme laufen.</p>"
            f"<p>{AGAIN['de']}</p>",
        ),
    },
    "too_many": {
        "en": (
            "too many links that were no good",
            "<p>Wait a minute, then open the link that the program printed.</p>",
        ),
        "de": (
            "zu viele Links, die nicht stimmten",
            "<p>Eine Minute warten, dann den Link öffnen, den das Programm ausgegeben hat.</p>",
        ),
    },
}


def notice(
    name: str, status: int, asked: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """The page of a notice in the language of a request, which its headers tell."""
    language = preferred(asked.get("accept-language", ""))
    heading, text = NOTICES[name][language]
    body = page(f"<h1>SmartPDU: {heading}</h1>\n{text}", "", language)
    more = {"vary": "Accept-Language", "content-language": language}
    return HTMLResponse(body, status, {**plain_page(), **more, **(headers or {})})


def page(body: str, head: str = "", language: str = LANGUAGES[0]) -> str:
    """A page that has nothing but text."""
    return f"""<!doctype html><html lang="{language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>SmartPDU</title>
{STYLE}{head}</head><body>{body}</body></html>"""


def plain_page() -> dict[str, str]:
    """Headers of a page that has nothing but text."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    return {"content-security-policy": policy}


def preferred(accept: str) -> str:
    """The language of ours that an Accept-Language likes best, or else names first."""
    best, liked = LANGUAGES[0], 0.0
    for part in accept.split(","):
        tag, *facts = (piece.strip().lower() for piece in part.split(";"))
        language = tag.partition("-")[0]
        if language in LANGUAGES and (weight := _weight(facts)) > liked:
            best, liked = language, weight
    return best


def wants_page(asked: Mapping[str, str]) -> bool:
    """Whether a request comes from somebody who reads pages, as a browser does."""
    return "text/html" in asked.get("accept", "")


def _weight(facts: list[str]) -> float:
    text = next((fact[2:] for fact in facts if fact.startswith("q=")), "1")
    return float(text) if text.replace(".", "", 1).isdecimal() and text.isascii() else 0.0
