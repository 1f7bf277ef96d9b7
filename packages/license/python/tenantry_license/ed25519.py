"""Verification of Ed25519 after RFC 8032, without the cofactor, as OpenSSL and browsers do. Nothing here is secret, so time may vary."""

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)

# The y of the points whose order divides 8; some are written as numbers that the field has not.
LOW_ORDER = {
    0,
    1,
    P - 1,
    P,
    P + 1,
    int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"),
    int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"),
}


def y_of(encoded):
    return int.from_bytes(encoded, "little") & (2**255 - 1)


def is_low_order(encoded):
    return y_of(encoded) in LOW_ORDER


def is_below_order(signature):
    return int.from_bytes(signature[32:], "little") < L


def decode(encoded):
    """A point in extended coordinates, or None."""
    y, sign = y_of(encoded), encoded[31] >> 7
    if y >= P:
        return None
    xx = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * ROOT % P
    if (x * x - xx) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def encode(point):
    x, y, z, _ = point
    inverse = pow(z, -1, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def add(one, other):
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


BASE = decode(bytes([0x58]) + bytes([0x66]) * 31)


def verify(key, message, signature):
    """Whether 64 bytes of signature are of these bytes under 32 bytes of public key."""
    if len(signature) != 64 or len(key) != 32 or not is_below_order(signature):
        return False
    point = decode(key)
    if point is None:
        return False
    s = int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    # [S]B - [k]A in one go: both scalars share their doublings.
    minus = (P - point[0], point[1], 1, P - point[3])
    both = add(BASE, minus)
    result = (0, 1, 1, 0)
    for bit in range(max(s.bit_length(), k.bit_length()) - 1, -1, -1):
        result = add(result, result)
        chosen = (s >> bit & 1) | (k >> bit & 1) << 1
        if chosen:
            result = add(result, (None, BASE, minus, both)[chosen])
    return encode(result) == signature[:32]
