"""Takes a file apart. Nothing is let through that is not the one text for its bytes."""

import base64
import binascii
import json
import re

from .canonical import canonical_json
from .errors import LicenseError, Refused

LONGEST = {"LICENSE": 256 * 1024, "REVOCATIONS": 8 * 1024 * 1024}
LINE = 64
REASONS = {
    "too_large": "The file is longer than such files are.",
    "truncated": "The file was cut off.",
    "malformed": "This is no file of this kind.",
    "not_canonical": "The file was written anew by something else.",
}
# What ECMAScript's trimEnd takes away.
BLANKS = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
URL = re.compile(r"[A-Za-z0-9_-]+")
PLAIN = re.compile(
    r'\{"alg":"Ed25519","kid":"([^"]{43})","payload":"([A-Za-z0-9_-]+)","signature":"([A-Za-z0-9_-]{86})"\}'
)
SEALED = re.compile(
    r'\{"alg":"Ed25519\+A256GCM","iv":"([A-Za-z0-9_-]{16})","kid":"([^"]{43})","payload":"([A-Za-z0-9_-]+)",'
    r'"salt":"([A-Za-z0-9_-]{22})","signature":"([A-Za-z0-9_-]{86})"\}'
)


def refuse(state):
    raise Refused(state, REASONS[state])


def from_url(text):
    """Bytes of base64url without padding; None when it is not the one text for them."""
    if not URL.fullmatch(text) or len(text) % 4 == 1:
        return None
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return data if to_url(data) == text else None


def to_url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unarmour(kind, text):
    if len(text.encode("utf-16-le", "surrogatepass")) // 2 > LONGEST[kind]:
        refuse("too_large")
    begin, end = f"-----BEGIN TENANTRY {kind}-----\n", f"\n-----END TENANTRY {kind}-----"
    file = text.replace("\r\n", "\n").rstrip(BLANKS)
    if not file.startswith(begin):
        refuse("truncated" if begin.startswith(file) else "malformed")
    if not file.endswith(end):
        refuse("not_canonical" if end in file else "truncated")
    if len(file) < len(begin) + len(end):
        refuse("truncated")
    body = file[len(begin) : -len(end)]
    flat = body.replace("\n", "")
    if not flat or len(flat) % 4:
        refuse("truncated" if re.fullmatch(r"[A-Za-z0-9+/=]*", flat) else "not_canonical")
    if body != "\n".join(flat[at : at + LINE] for at in range(0, len(flat), LINE)):
        refuse("not_canonical")
    try:
        data = base64.b64decode(flat, validate=True)
    except (binascii.Error, ValueError):
        refuse("not_canonical")
    if base64.b64encode(data).decode() != flat:
        refuse("not_canonical")
    return data


def open_envelope(kind, text):
    """kid, payload, signature, and for encrypted files iv and salt, else None."""
    try:
        written = unarmour(kind, text).decode("utf-8")
    except UnicodeDecodeError:
        refuse("malformed")
    plain = PLAIN.fullmatch(written)
    if plain:
        payload, signature = from_url(plain[2]), from_url(plain[3])
        if payload is not None and signature is not None:
            return plain[1], payload, signature, None
    sealed = SEALED.fullmatch(written) if kind == "LICENSE" else None
    if sealed:
        iv, payload, salt, signature = (from_url(sealed[at]) for at in (1, 3, 4, 5))
        if None not in (iv, payload, salt, signature):
            return sealed[2], payload, signature, (iv, salt)
    return refuse(what_is_wrong(written))


def what_is_wrong(written):
    """Only for the word: whatever comes here is refused."""
    try:
        value = json.loads(written)
    except (ValueError, RecursionError):
        return "truncated" if written.startswith("{") and not written.endswith("}") else "malformed"
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        return "malformed"
    names = ",".join(sorted(value))
    algorithms = {"alg,kid,payload,signature": "Ed25519", "alg,iv,kid,payload,salt,signature": "Ed25519+A256GCM"}
    if names not in algorithms or value["alg"] != algorithms[names]:
        return "malformed"
    try:
        rewritten = canonical_json(value) != written
    except LicenseError:
        rewritten = True
    loose = any(
        URL.fullmatch(one) and len(one) % 4 != 1 and from_url(one) is None for name, one in value.items() if name != "alg"
    )
    return "not_canonical" if rewritten or loose else "malformed"
