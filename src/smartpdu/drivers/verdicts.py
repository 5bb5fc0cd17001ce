"""The verdicts on voltages as they are kept, for whoever reads them beside the driver (8)."""

from typing import Any

from smartpdu.drivers.sealed import Damaged, unsealed

NAME = "quality"
FORM = 1


def reports(form: bytes) -> list[dict[str, Any]]:
    """The week under way and the one before of each feed; raises Damaged."""
    try:
        feeds = unsealed(FORM, form)["feeds"]
        return [
            {"feed": path, "now": own["now"], "last": own["last"]} for path, own in feeds.items()
        ]
    except (AttributeError, KeyError, TypeError) as error:
        raise Damaged(f"it holds no verdicts: {error!r}") from error
