"""What claims must look like. Each check raises LicenseError and says which member, never what it held."""

import calendar
import re
from datetime import datetime, timezone

from .errors import LicenseError

MOST = 2**53 - 1
DAY = 86_400
CONTROL = "\u0000-\u001f\u007f-\u009f\u2028\u2029"
KID = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PRODUCT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
ENTITLEMENT = re.compile(r"[a-z][a-z0-9_.-]{0,62}")
FINGERPRINT = re.compile(r"[0-9a-f]{64}")
NAME = re.compile(f"[^{CONTROL}]{{1,100}}")
REASON = re.compile(f"[^{CONTROL}]{{0,200}}")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
BEYOND = re.compile(r"[+-]?[0-9]{5,}-|[+-][0-9]")

LICENSE = (
    "connectivity,entitlements,expiresAt,graceDays,id,issuedAt,kid,machines,onExpiry,plan,policy,product,"
    "seats,serial,startsAt,suspended,tenant,test,transferable,trial,typ,v"
)
REVOCATIONS = "issuedAt,kid,nextUpdate,number,product,revoked,typ,v"


def wrong(what):
    raise LicenseError("malformed", f"“{what}” is not as the format asks.")


def record(value, members, what):
    if not isinstance(value, dict) or set(value) != set(members.split(",")):
        wrong(what)
    return value


def whole(value, least, most, what):
    # In JSON 3 and 3.0 are one number, but only 3 is canonical; booleans are numbers to Python alone.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1 or not least <= value <= most:
        wrong(what)


def whole_or_null(value, least, most, what):
    if value is not None:
        whole(value, least, most, what)


def matching(value, pattern, what):
    if not isinstance(value, str) or not pattern.fullmatch(value):
        wrong(what)


def truth(value, what):
    if not isinstance(value, bool):
        wrong(what)


def one_of(value, allowed, what):
    if not isinstance(value, str) or value not in allowed:
        wrong(what)


def listed(value, what):
    if not isinstance(value, list):
        wrong(what)
    return value


def read_date(value):
    """Seconds since 1970 of YYYY-MM-DDTHH:MM:SSZ."""
    if not isinstance(value, str):
        raise LicenseError("malformed", "A date is missing.")
    if not DATE.fullmatch(value):
        if BEYOND.match(value):
            raise LicenseError("too_far", "A date has a year that nobody plans for.")
        raise LicenseError("malformed", "A date is not written as YYYY-MM-DDTHH:MM:SSZ.")
    if not 2000 <= int(value[:4]) <= 2199:
        raise LicenseError("too_far", "A date is outside of the years 2000 to 2199.")
    try:
        # Not by strptime, which takes a second 60.
        parts = [int(value[at : at + 2]) for at in (5, 8, 11, 14, 17)]
        return calendar.timegm(datetime(int(value[:4]), *parts).timetuple())
    except ValueError:
        raise LicenseError("malformed", "A date is not in the calendar.") from None


def write_date(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def typed(claims, typ):
    if claims["typ"] != typ:
        raise LicenseError("malformed", "It is another kind of file.")
    if claims["v"] != 1 or isinstance(claims["v"], bool):
        raise LicenseError("malformed", "It has a version that is not known here.")
    matching(claims["kid"], KID, "kid")
    matching(claims["product"], PRODUCT, "product")


def entitlements(value):
    if not isinstance(value, dict):
        wrong("entitlements")
    for name, one in value.items():
        matching(name, ENTITLEMENT, "entitlements")
        if not isinstance(one, dict) or len(one) != 1:
            wrong("entitlements")
        [(kind, granted)] = one.items()
        if kind == "flag":
            truth(granted, "entitlements.flag")
        elif kind == "number":
            if isinstance(granted, bool) or not isinstance(granted, (int, float)):
                wrong("entitlements.number")
        elif kind == "meter":
            meter = record(granted, "limit,per", "entitlements.meter")
            whole_or_null(meter["limit"], 0, MOST, "entitlements.meter.limit")
            one_of(meter["per"], ("day", "month", "term"), "entitlements.meter.per")
        else:
            wrong("entitlements")


def read_license(claims):
    """The claims, and issued, starts and expires in seconds since 1970."""
    record(claims, LICENSE, "claims")
    typed(claims, "tenantry-license")
    matching(claims["id"], UUID, "id")
    whole(claims["serial"], 1, MOST, "serial")
    matching(claims["tenant"], UUID, "tenant")
    matching(claims["plan"], NAME, "plan")
    policy = record(claims["policy"], "name,version", "policy")
    matching(policy["name"], NAME, "policy.name")
    whole(policy["version"], 1, MOST, "policy.version")
    issued, starts = read_date(claims["issuedAt"]), read_date(claims["startsAt"])
    expires = float("inf") if claims["expiresAt"] is None else read_date(claims["expiresAt"])
    if expires <= starts:
        raise LicenseError("malformed", "It ends before it begins.")
    whole(claims["graceDays"], 0, 3660, "graceDays")
    whole_or_null(record(claims["connectivity"], "days", "connectivity")["days"], 1, 3660, "connectivity.days")
    one_of(claims["onExpiry"], ("block", "degrade", "log"), "onExpiry")
    for name in ("trial", "test", "suspended", "transferable"):
        truth(claims[name], name)
    seats = record(claims["seats"], "limit,overage,soft", "seats")
    whole_or_null(seats["limit"], 0, MOST, "seats.limit")
    one_of(seats["overage"], ("refuse", "allow", "soft"), "seats.overage")
    whole(seats["soft"], 0, MOST, "seats.soft")
    machines = record(claims["machines"], "binding,limit", "machines")
    whole_or_null(machines["limit"], 0, MOST, "machines.limit")
    if machines["binding"] is not None:
        if len(listed(machines["binding"], "machines.binding")) > 2000:
            raise LicenseError("too_large", "It is bound to too many machines.")
        for one in machines["binding"]:
            matching(one, FINGERPRINT, "machines.binding")
    entitlements(claims["entitlements"])
    return claims, issued, starts, expires


def read_revocations(claims):
    """The claims, and issued and next in seconds since 1970."""
    record(claims, REVOCATIONS, "claims")
    typed(claims, "tenantry-revocations")
    whole(claims["number"], 1, MOST, "number")
    issued, following = read_date(claims["issuedAt"]), read_date(claims["nextUpdate"])
    if following < issued:
        raise LicenseError("malformed", "The next list is older than this one.")
    for one in listed(claims["revoked"], "revoked"):
        record(one, "at,id,reason,serial", "revoked")
        matching(one["id"], UUID, "revoked.id")
        whole_or_null(one["serial"], 1, MOST, "revoked.serial")
        read_date(one["at"])
        matching(one["reason"], REASON, "revoked.reason")
    return claims, issued, following
