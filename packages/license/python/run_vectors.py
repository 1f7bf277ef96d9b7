"""python3 run_vectors.py ../vectors/vectors.json: says of each vector what comes out, one JSON object a line."""

import json
import sys

from tenantry_license import LicenseError, Verifier, parse_license_key
from tenantry_license.claims import read_date

NAMES = {"licenseKey": "license_key", "lastSeen": "last_seen", "minSerial": "min_serial", "tenant": "tenant", "machine": "machine"}


def outcome(case, defaults):
    given = {**defaults, **case["given"]}
    now = read_date(given["now"])
    try:
        verifier = Verifier(
            given["product"],
            given["keys"],
            revocations=given.get("revocations"),
            clock=lambda: now,
            clock_tolerance_seconds=given.get("clockToleranceSeconds", 300),
            seen_secret=bytes.fromhex(given.get("seenSecret", "")),
        )
    except LicenseError as error:
        return {"error": error.code}
    asked = {**given.get("usage", {}), **{name: given[key] for key, name in NAMES.items() if key in given}}
    text = case["text"] + " " * case.get("blanks", 0)
    first, second = verifier.verify(text, **asked), verifier.verify(text, **asked)
    if first != second:
        return {"state": f"{first.state}, the second time {second.state}"}
    return {
        "state": first.state,
        "action": first.action,
        "until": first.until,
        "warnings": first.warnings,
        "serial": first.license["serial"] if first.license else None,
    }


vectors = json.load(open(sys.argv[1], encoding="utf-8"))
for case in vectors["cases"]:
    print(json.dumps({"name": case["name"], "got": outcome(case, vectors["defaults"])}))
for one in vectors["licenseKeys"]:
    print(json.dumps({"name": one["typed"], "got": parse_license_key(one["typed"])}))
for one in vectors["records"]:
    at = read_date(one["at"])
    keys = vectors["defaults"]["keys"]
    verifier = Verifier(None, keys, clock=lambda: at, seen_secret=bytes.fromhex(one["secret"]))
    before = one["text"] if one["number"] else None
    print(json.dumps({"name": f"record {one['number']}", "got": verifier.remember({"id": one["license"], "serial": one["serial"]}, before)}))
