"""What a licence with a good signature is worth, by what is given: nothing here reads a clock. The order is part of the format."""

from .claims import DAY, write_date


def judge(license, *, product, tenant, machine, seats, machines, min_serial, seen, revocations, now, tolerance):
    """state, action, reason, until, warnings. Times are seconds since 1970."""
    claims, issued, starts, expires = license
    number, listed, following = (revocations[0]["number"], revocations[1], revocations[2]) if revocations else (None, 0, 0)

    def blocked(state, reason, until=None):
        return state, "block", reason, until, []

    if product is not None and claims["product"] != product:
        return blocked("wrong_product", "The licence is for another product.")
    if tenant is not None and claims["tenant"] != tenant:
        return blocked("wrong_tenant", "The licence is for another tenant.")
    if revocations and is_revoked(revocations[0], claims):
        return blocked("revoked", f"The licence was revoked (list {number}).")
    least = max(min_serial or 0, seen["serial"] if seen and seen["license"] == claims["id"] else 0)
    if claims["serial"] < least:
        return blocked("older_than_seen", f"Serial {claims['serial']} was replaced: {least} was seen.")
    if revocations and seen and number < seen["number"]:
        return blocked("older_than_seen", f"Revocation list {number} was replaced: {seen['number']} was seen.")
    if claims["suspended"]:
        return blocked("suspended", "The licence is suspended.")

    known = max(issued, listed, seen["at"] if seen else 0)
    if now + tolerance < known:
        return blocked("clock_rolled_back", f"The clock shows {write_date(now)}; it has been {write_date(known)}.")
    binding = claims["machines"]["binding"]
    if binding is not None and machine not in binding:
        return blocked("wrong_machine", "The licence is bound to other machines.")
    if now < starts:
        return blocked("not_yet_valid", f"The licence starts at {claims['startsAt']}.", claims["startsAt"])

    days = claims["connectivity"]["days"]
    stale = float("inf") if days is None else max(issued, listed) + days * DAY
    if now >= stale:
        return blocked("stale", f"Contact was last proven {days} days ago or more.")
    limit = claims["machines"]["limit"]
    if limit is not None and machines > limit:
        return blocked("machines_exceeded", f"{machines} machines of {limit}.")
    rule = claims["seats"]
    over = rule["limit"] is not None and seats > rule["limit"]
    soft = rule["soft"] if rule["overage"] == "soft" else 0
    if over and rule["overage"] != "allow" and seats > rule["limit"] + soft:
        return blocked("seats_exceeded", f"{seats} seats of {rule['limit']}.")

    warnings = [
        warning
        for warning, is_so in (
            ("seats_over", over),
            ("test", claims["test"]),
            ("revocations_outdated", revocations is not None and now > following),
            ("revocations_missing", revocations is None and seen is not None and seen["number"] > 0),
        )
        if is_so
    ]
    if now < expires:
        until = min(expires, stale)
        return "valid", "run", "The licence is valid.", None if until == float("inf") else write_date(until), warnings
    grace_ends = expires + claims["graceDays"] * DAY
    if now < grace_ends:
        reason = f"The licence ended at {claims['expiresAt']}; its grace ends at {write_date(grace_ends)}."
        return "grace", "run", reason, write_date(min(grace_ends, stale)), ["in_grace", *warnings]
    action = {"block": "block", "degrade": "degrade", "log": "run"}[claims["onExpiry"]]
    reason = f"The licence ended at {claims['expiresAt']}."
    return "expired", action, reason, None, warnings if action == "block" else ["expired", *warnings]


def is_revoked(revocations, claims):
    return any(
        one["id"] == claims["id"] and (one["serial"] is None or claims["serial"] <= one["serial"])
        for one in revocations["revoked"]
    )
