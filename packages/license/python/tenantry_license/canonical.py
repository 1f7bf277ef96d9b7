"""JSON with one text for each value: RFC 8785."""

import json
import math

from .errors import LicenseError

DEEPEST = 32


def canonical_json(value, depth=0):
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise LicenseError("malformed", "A text holds half of a surrogate pair.") from None
        # DEL is written as it is by ECMAScript, and so it is by json without ensure_ascii.
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (int, float)):
        return number(value)
    if depth >= DEEPEST:
        raise LicenseError("malformed", f"More than {DEEPEST} levels.")
    if isinstance(value, list):
        return "[" + ",".join(canonical_json(one, depth + 1) for one in value) + "]"
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{canonical_json(key)}:{canonical_json(value[key], depth + 1)}" for key in keys) + "}"
    raise LicenseError("malformed", f"JSON has no {type(value).__name__}.")


def number(value):
    """As ECMAScript writes numbers: every one is a double."""
    try:
        double = float(value)
    except OverflowError:
        double = math.inf
    if not math.isfinite(double):
        raise LicenseError("malformed", "A number is not finite.")
    if double == 0:
        return "0"
    sign = "-" if double < 0 else ""
    mantissa, _, exponent = f"{abs(double)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = whole + ("" if fraction == "0" else fraction)
    point = len(whole) + int(exponent or 0)
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    rest = f".{digits[1:]}" if count > 1 else ""
    return f"{sign}{digits[0]}{rest}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def parse_canonical(text):
    """What a text means, if it is the one text for it."""
    try:
        value = json.loads(text, parse_constant=_no_number, parse_float=float, parse_int=_whole)
    except (ValueError, RecursionError):
        raise LicenseError("malformed", "It is no JSON.") from None
    if canonical_json(value) != text:
        raise LicenseError("not_canonical", "It is not written as RFC 8785 asks.")
    return value


def _no_number(name):
    raise ValueError(name)


def _whole(text):
    # Longer numbers than any double has digits are refused by their writing; int() is slow with them.
    return int(text) if len(text) < 400 else float("inf")
