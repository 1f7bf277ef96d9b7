"""Checks an export of the audit (JSON Lines) with nothing but Python: python3 verify.py export.jsonl"""
import hashlib, json, sys

def canonical(value):  # RFC 8785, as far as an audit needs it: no number in it is a fraction
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

installation, chain, previous, sequence, checked = None, None, None, 0, 0
for line in open(sys.argv[1], encoding="utf-8"):
    record = json.loads(line)
    if record["record"] == "export":
        installation = record["installation"]
    elif record["record"] == "chain":
        chain, after = record["chain"], record["after"]
        begin = hashlib.sha256(f"tenantry/audit/1/{installation}/{chain}".encode()).digest()
        previous, sequence = (bytes.fromhex(after["hash"]), after["sequence"]) if after else (begin, 0)
    elif record["record"] == "entry":
        sequence += 1
        digest = hashlib.sha256(previous + canonical(record["entry"])).digest()
        if record["entry"]["chain"] != chain or record["entry"]["sequence"] != sequence or digest.hex() != record["hash"]:
            sys.exit(f"chain {chain}: entry {sequence} does not follow from the one before it")
        previous, checked = digest, checked + 1
print(f"{checked} entries follow from each other")
