"""AES-256-GCM (FIPS 197, SP 800-38D) and HKDF (RFC 5869), to open files. Slow, and enough for a file."""

import hashlib
import hmac


def hkdf(material, salt, info):
    """32 bytes: one block of SHA-256."""
    pseudo = hmac.new(salt, material, hashlib.sha256).digest()
    return hmac.new(pseudo, info + b"\x01", hashlib.sha256).digest()


def _sbox():
    box, p, q = [0] * 256, 1, 1
    while True:
        p = p ^ (p << 1) & 0xFF ^ (0x1B if p & 0x80 else 0)
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 0xFF
        if q & 0x80:
            q ^= 0x09
        turned = q | q << 8
        box[p] = (q ^ turned >> 7 ^ turned >> 6 ^ turned >> 5 ^ turned >> 4) & 0xFF ^ 0x63
        if p == 1:
            break
    box[0] = 0x63
    return box


SBOX = _sbox()
ROUNDS = 14


def _round_keys(key):
    words = [list(key[at : at + 4]) for at in range(0, 32, 4)]
    constant = 1
    for at in range(8, 4 * (ROUNDS + 1)):
        word = list(words[-1])
        if at % 8 == 0:
            word = [SBOX[byte] for byte in word[1:] + word[:1]]
            word[0] ^= constant
            constant = constant << 1 ^ (0x11B if constant & 0x80 else 0)
        elif at % 8 == 4:
            word = [SBOX[byte] for byte in word]
        words.append([one ^ other for one, other in zip(word, words[-8])])
    return [sum(words[at : at + 4], []) for at in range(0, len(words), 4)]


def _double(byte):
    return (byte << 1 ^ (0x1B if byte & 0x80 else 0)) & 0xFF


def _encrypt(keys, block):
    state = [one ^ other for one, other in zip(block, keys[0])]
    for turn in range(1, ROUNDS + 1):
        state = [SBOX[state[(at + 4 * (at % 4)) % 16]] for at in range(16)]
        if turn < ROUNDS:
            mixed = []
            for at in range(0, 16, 4):
                a = state[at : at + 4]
                all_ = a[0] ^ a[1] ^ a[2] ^ a[3]
                mixed += [a[i] ^ all_ ^ _double(a[i] ^ a[(i + 1) % 4]) for i in range(4)]
            state = mixed
        state = [one ^ other for one, other in zip(state, keys[turn])]
    return bytes(state)


def _multiply(x, y):
    product = 0
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            product ^= y
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return product


def _ghash(h, data, text):
    total = 0
    for part in (data, text):
        for at in range(0, len(part), 16):
            total = _multiply(total ^ int.from_bytes(part[at : at + 16].ljust(16, b"\0"), "big"), h)
    return _multiply(total ^ (len(data) * 8 << 64 | len(text) * 8), h)


def decrypt(key, iv, sealed, data):
    """The plain text of ciphertext and tag under an iv of 12 bytes; None when they do not belong together."""
    if len(sealed) < 16:
        return None
    text, tag = sealed[:-16], sealed[-16:]
    keys = _round_keys(key)
    h = int.from_bytes(_encrypt(keys, bytes(16)), "big")
    mask = int.from_bytes(_encrypt(keys, iv + b"\0\0\0\1"), "big")
    if not hmac.compare_digest((_ghash(h, data, text) ^ mask).to_bytes(16, "big"), tag):
        return None
    stream = b"".join(
        _encrypt(keys, iv + (2 + at).to_bytes(4, "big")) for at in range((len(text) + 15) // 16)
    )
    return bytes(one ^ other for one, other in zip(text, stream))
