"""The key that people read to each other: 25 symbols of Crockford's base 32, which leave 1 when divided by 1021."""

import re

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ALIKE = {"O": "0", "I": "1", "L": "1"}
# What ECMAScript takes for blanks, and the dashes that editors make of hyphens.
BLANKS = re.compile("[\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff\u2010-\u2015-]")


def parse_license_key(text):
    """`{"ok": True, "key", "symbols"}`, or `{"ok": False, "reason"}`: length, symbol or checksum."""
    if len(text) > 100:
        return {"ok": False, "reason": "length"}
    typed = "".join(ALIKE.get(symbol, symbol) for symbol in BLANKS.sub("", text).upper())
    values = [SYMBOLS.find(symbol) for symbol in typed]
    if -1 in values:
        return {"ok": False, "reason": "symbol"}
    if len(values) != 25:
        return {"ok": False, "reason": "length"}
    rest = 0
    for value in values:
        rest = (rest * 32 + value) % 1021
    if values[23] * 32 + values[24] >= 1021 or rest != 1:
        return {"ok": False, "reason": "checksum"}
    return {"ok": True, "key": "-".join(typed[at : at + 5] for at in range(0, 25, 5)), "symbols": typed}
