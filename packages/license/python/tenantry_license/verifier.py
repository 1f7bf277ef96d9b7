import hashlib
import hmac
import time
from collections import OrderedDict
from copy import deepcopy
from typing import NamedTuple, Optional

from . import aes_gcm, ed25519
from .canonical import canonical_json, parse_canonical
from .claims import KID, MOST, UUID, matching, read_date, read_license, read_revocations, record, whole, write_date
from .envelope import from_url, open_envelope, to_url
from .errors import LicenseError, Refused
from .human_key import parse_license_key
from .judge import judge


class Verdict(NamedTuple):
    """What a licence file is worth; FORMAT.md has a paragraph for each state."""

    state: str
    action: str
    reason: str
    license: Optional[dict]
    until: Optional[str]
    warnings: list


class Verifier:
    """
    `keys` are the vendor's public keys: JWKs (dict), 32 bytes, or these in base64url. `clock` gives seconds since 1970.
    What may be given here and to `verify`: tenant, machine, seats, machines, license_key, last_seen, min_serial.
    Raises LicenseError for keys that are none, and for a revocation list that is not to be believed.
    """

    def __init__(
        self,
        product,
        keys,
        *,
        revocations=None,
        clock=time.time,
        clock_tolerance_seconds=300,
        cache_size=100,
        seen_secret=b"",
        **asked,
    ):
        self.product, self.clock, self.tolerance = product, clock, clock_tolerance_seconds
        self.cache_size, self.secret, self.asked = cache_size, seen_secret, asked
        self.keys = dict(map(pinned, keys))
        self._opened = OrderedDict()
        self._revocations = self._revocations_text = None
        if revocations is not None:
            state, reason = self.update_revocations(revocations)
            if state != "accepted":
                raise LicenseError("revocations_refused", f"{state}: {reason}")

    def verify(self, text, **asked):
        asked = {**self.asked, **asked}
        try:
            license = self._recall(text, asked.get("license_key"))
            now = self.clock()
            state, action, reason, until, warnings = judge(
                license,
                product=self.product,
                tenant=asked.get("tenant"),
                machine=asked.get("machine"),
                seats=asked.get("seats", 0),
                machines=asked.get("machines", 0),
                min_serial=asked.get("min_serial"),
                seen=self._seen(asked.get("last_seen")),
                revocations=self._revocations,
                now=now,
                tolerance=self.tolerance,
            )
            return Verdict(state, action, reason, deepcopy(license[0]), until, warnings)
        except Refused as refused:
            return Verdict(refused.state, "block", str(refused), None, None, [])

    def update_revocations(self, text):
        """Takes a newer list, or leaves the former in its place: (state, reason)."""
        try:
            following = self._authentic("REVOCATIONS", text, read_revocations)
        except Refused as refused:
            return refused.state, str(refused)
        number, current = following[0]["number"], self._revocations[0]["number"] if self._revocations else 0
        if self.product is not None and following[0]["product"] != self.product:
            return "wrong_product", "The list is for another product."
        if number < current or (number == current and text != self._revocations_text):
            return "older_than_seen", f"List {number} comes after list {current}."
        self._revocations, self._revocations_text = following, text
        return "accepted", f"List {number} counts."

    def remember(self, license, before=None):
        """What to keep until the next start and to give as `last_seen` then. `license`: the claims of a verdict."""
        try:
            seen = self._seen(before)
        except Refused as refused:
            raise LicenseError("seen_tampered", str(refused)) from None
        members = {
            "typ": "tenantry-seen",
            "v": 1,
            "license": license["id"],
            "serial": max(license["serial"], seen["serial"] if seen and seen["license"] == license["id"] else 0),
            "number": max(self._revocations[0]["number"] if self._revocations else 0, seen["number"] if seen else 0),
            "at": write_date(max(int(self.clock()), seen["at"] if seen else 0)),
        }
        return canonical_json({**members, "mac": self._mac(members)})

    def _recall(self, text, license_key):
        known = self._opened.get(text)
        if known and known[1] in (None, license_key):
            self._opened.move_to_end(text)
            return known[0]
        license = self._authentic("LICENSE", text, read_license, license_key)
        is_sealed = license_key is not None and open_envelope("LICENSE", text)[3] is not None
        self._opened[text] = (license, license_key if is_sealed else None)
        while len(self._opened) > self.cache_size:
            self._opened.popitem(last=False)
        return license

    def _authentic(self, kind, text, read, license_key=None):
        kid, payload, signature, sealed = open_envelope(kind, text)
        key = self.keys.get(kid)
        if key is None:
            raise Refused("unknown_kid", "It was signed by a key that is not pinned here.")
        if ed25519.is_low_order(signature[:32]):
            raise Refused("low_order", "The signature holds for messages that nobody signed.")
        if not ed25519.is_below_order(signature):
            raise Refused("tampered", "The signature is not written as RFC 8032 asks.")
        signed = unseal(kid, payload, sealed, license_key) if sealed else payload
        good = ed25519.verify(key, signed, signature)
        try:
            claims = parse_canonical(signed.decode("utf-8"))
            if good:
                claims = read(claims)
        except UnicodeDecodeError:
            raise Refused("malformed" if good else "tampered", "The claims are no UTF-8.") from None
        except LicenseError as error:
            if good or error.code == "not_canonical":
                raise Refused(error.code, str(error)) from None
        if not good:
            raise Refused("tampered", "The signature is not over this.")
        if claims[0]["kid"] != kid:
            raise Refused("tampered", "The claims name another key.")
        return claims

    def _mac(self, members):
        key = aes_gcm.hkdf(b"tenantry-seen" + self.secret, members["license"].encode(), b"tenantry-seen-v1")
        return to_url(hmac.new(key, canonical_json(members).encode(), hashlib.sha256).digest())

    def _seen(self, text):
        if text is None:
            return None
        try:
            if len(text) > 1024:
                raise LicenseError("too_large", "It is no record of a last use.")
            members = record(parse_canonical(text), "at,license,mac,number,serial,typ,v", "record")
            mac = members.pop("mac")
            if members["typ"] != "tenantry-seen" or members["v"] != 1:
                raise LicenseError("malformed", "It is no record of a last use.")
            matching(members["license"], UUID, "license")
            matching(mac, KID, "mac")
            whole(members["serial"], 1, MOST, "serial")
            whole(members["number"], 0, MOST, "number")
            at = read_date(members["at"])
            if not hmac.compare_digest(self._mac(members), mac):
                raise LicenseError("malformed", "It has another's MAC.")
        except LicenseError:
            raise Refused("tampered", "The record of the last use was changed.") from None
        return {**members, "at": at}


def unseal(kid, payload, sealed, license_key):
    parsed = parse_license_key(license_key) if license_key is not None else {"ok": False}
    if not parsed["ok"]:
        raise Refused("locked", "The file is encrypted: it needs its licence key.")
    iv, salt = sealed
    key = aes_gcm.hkdf(parsed["symbols"].encode(), salt, b"tenantry-license-v1")
    signed = aes_gcm.decrypt(key, iv, payload, canonical_json({"alg": "Ed25519+A256GCM", "kid": kid}).encode())
    if signed is None:
        raise Refused("locked", "The licence key is not the one of this file, or the file was changed.")
    return signed


def pinned(key):
    """The thumbprint of a pinned key (RFC 7638), and its 32 bytes."""
    if isinstance(key, dict) and (key.get("kty"), key.get("crv")) != ("OKP", "Ed25519"):
        raise LicenseError("malformed", "A pinned key is not one of Ed25519.")
    raw = key if isinstance(key, bytes) else from_url(key["x"] if isinstance(key, dict) else key)
    if raw is None or len(raw) != 32:
        raise LicenseError("malformed", "A public key of Ed25519 has 32 bytes.")
    if ed25519.is_low_order(raw):
        raise LicenseError("low_order", "A pinned key has a small order: it vouches for anything.")
    if ed25519.y_of(raw) >= ed25519.P:
        raise LicenseError("malformed", "A pinned key is not written as RFC 8032 asks.")
    jwk = canonical_json({"crv": "Ed25519", "kty": "OKP", "x": to_url(raw)})
    kid = to_url(hashlib.sha256(jwk.encode()).digest())
    if isinstance(key, dict) and key.get("kid", kid) != kid:
        raise LicenseError("unknown_kid", "A pinned key has a kid that is not its thumbprint.")
    return kid, raw
