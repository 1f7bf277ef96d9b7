"""Checks an erasure certificate with nothing but Python: python3 verify_erasure.py erasure.json [known key's x]"""
import base64, hashlib, json, sys

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493  # Ed25519, RFC 8032
D, I = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P)

def decode(raw):
    y, sign = int.from_bytes(raw, "little") & (2**255 - 1), raw[31] >> 7
    xx = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(xx, (P + 3) // 8, P)
    x = x if (x * x - xx) % P == 0 else x * I % P
    return (x if x & 1 == sign else P - x, y) if (x * x - xx) % P == 0 else sys.exit("not a point of the curve")

def add(a, b):
    k = D * a[0] * b[0] * a[1] * b[1]
    return (a[0] * b[1] + b[0] * a[1]) * pow(1 + k, -1, P) % P, (a[1] * b[1] + a[0] * b[0]) * pow(1 - k, -1, P) % P

def times(n, a):
    return (0, 1) if n == 0 else add(times(n - 1, a), a) if n & 1 else (lambda h: add(h, h))(times(n >> 1, a))

b64 = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
canonical = lambda value: json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()  # RFC 8785
file = json.load(open(sys.argv[1], encoding="utf-8"))
signed = dict(file["certificate"])
kid, signature = signed.pop("kid"), b64(signed.pop("signature"))
x = sys.argv[2] if len(sys.argv) > 2 else next(key["x"] for key in file["keys"] if key["kid"] == kid)
s, base = int.from_bytes(signature[32:], "little"), decode(bytes([0x58]) + bytes([0x66]) * 31)
h = int.from_bytes(hashlib.sha512(signature[:32] + b64(x) + canonical(signed)).digest(), "little") % L
if s >= L or times(s, base) != add(decode(signature[:32]), times(h, decode(b64(x)))):
    sys.exit("the signature is not over this certificate")
left = [count for count in signed["counts"] if count["after"]]
left += [f"a lock kept {one['what']} {one['id'] or ''} until {one['until'] or 'it is lifted'}" for one in signed.get("stays", [])]
print(f"tenant {signed['tenant']}: the signature is good; {'nothing was left' if not left else left}")
sys.exit(1 if left else 0)
