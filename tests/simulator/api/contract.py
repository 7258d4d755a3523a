"""Checks answers against contract.json: what RingCentral's specification says, as we note it.

A shape is `text`, `int`, `number`, `bool`, `time` or `link`; `a|b` for one of a few words; `["shape"]` for a
list; `@Name` for a shape of that name; or an object, whose key `!` lists what must be there, `*` gives the
shape of all other keys, and `...` allows other keys of any shape.
"""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

CONTRACT: dict[str, Any] = json.loads((Path(__file__).parent / "contract.json").read_text())
OPERATIONS: dict[str, dict[str, Any]] = CONTRACT["operations"]
EXCEPTIONS: dict[str, str] = CONTRACT["exceptions"]["fields"]
_TYPES: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "int": int,
    "number": (int, float),
    "bool": bool,
    "time": str,
    "link": str,
}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}Z", re.ASCII)


class Checker:
    """Collects what is wrong as `Shape.field: why`, and which of the listed exceptions were met."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.met: set[str] = set()

    def check(self, value: Any, shape: Any, place: str) -> None:
        if isinstance(shape, str) and shape.startswith("@"):
            self.check(value, CONTRACT["shapes"][shape[1:]], shape[1:])
        elif isinstance(shape, dict):
            self._check_object(value, shape, place)
        elif isinstance(shape, list):
            if not isinstance(value, list):
                self._report(place, f"no list but {value!r}")
                return
            for one in value:
                self.check(one, shape[0], place)
        elif not _fits(value, shape):
            self._report(place, f"{value!r} is no {shape}")

    def _check_object(self, value: Any, shape: dict[str, Any], place: str) -> None:
        if not isinstance(value, dict):
            self._report(place, f"no object but {value!r}")
            return
        for name in shape.get("!", []):
            if name not in value:
                self._report(f"{place}.{name}", "missing")
        for name, one in value.items():
            if name in shape or "*" in shape:
                self.check(one, shape.get(name, shape.get("*")), f"{place}.{name}")
            elif "..." not in shape:
                self._report(f"{place}.{name}", "unknown")

    def _report(self, place: str, why: str) -> None:
        if place in EXCEPTIONS:
            self.met.add(place)
        else:
            self.wrong.append(f"{place}: {why}")


def _fits(value: Any, shape: str) -> bool:
    if shape not in _TYPES:
        return value in shape.split("|")
    if not isinstance(value, _TYPES[shape]) or isinstance(value, bool) != (shape == "bool"):
        return False
    text = str(value)
    if shape == "time":
        return bool(_TIME.fullmatch(text)) and datetime.fromisoformat(text).utcoffset() is not None
    return shape != "link" or urlsplit(text).scheme in ("http", "https")
