"""Verify a custody export of Firstlight: python verify_export.py FILE [PUBLIC_KEY_HEX ...]."""

# ruff: noqa: SIM115, T201
import json
import sys
from base64 import b64decode
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def root(leaves):  # of a Merkle tree, RFC 6962
    half = 1 << (len(leaves) - 1).bit_length() >> 1
    both = root(leaves[:half]) + root(leaves[half:]) if half else b""
    return sha256(b"\1" + both).digest() if half else leaves[0]


def check(is_right, words):
    if not is_right:
        sys.exit(f"NOT VERIFIED: {words}")


def signs(key, text, signature):
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def successors(found):  # of keys: each key that signed endorsed the one after it
    for old, new in zip(keys, header["keys"][1:]):  # noqa: B905
        log = {"public_key": new["public_key"], "secret_id": header["origin"].split("/")[1]}
        text = json.dumps({"from_at": new["from_at"], **log}, separators=(",", ":"))
        text, endorsement = f"firstlight-signing-key:{text}", bytes.fromhex(new["endorsement"])
        if old in found and signs(old, text.encode(), endorsement):
            found = found | {new["public_key"]}
    return found


events, covered, purposes, given = [], 0, set(), {key.lower() for key in sys.argv[2:]}
file = open(sys.argv[1], "rb")
header = json.loads(file.readline())
keys = [one["public_key"] for one in header["keys"]]  # oldest first
named = keys
for line in file:
    record = json.loads(line)
    if isinstance(record, list):  # an event; its digest is that of its line
        check(record[0] == len(events) + 1, f"event {record[0]} stands in the place of another")
        check(record[8]["hex"] == (events or [bytes(32)])[-1].hex(), f"the chain at {record[0]}")
        events.append(sha256(line.rstrip(b"\n")).digest())
        purposes.add(record[3])
        if record[5] == "rotated-keys":  # no key before this one signs what comes after
            named = [json.loads(record[6])["public_key"]]
    elif isinstance(record, str):  # an event that was left out: its digest alone
        events.append(bytes.fromhex(record))
    elif "purpose" in record:  # the text of a purpose, which an event names by its digest
        salt, name = bytes.fromhex(record["salt"]), record["sha256"]
        check(len(salt) == 16 and name in purposes, "a purpose is of no event")
        text = salt + record["purpose"].encode()
        check(sha256(text).hexdigest() == name, "a purpose has another text")
    else:  # a head: how many events there were, and what they were, signed
        text, _, signature = record["head"].rpartition("\n\n")
        origin, size, tree, chain, at, key = text.split("\n")
        covered, key = int(size), b64decode(key.split("+", 2)[2])[1:].hex()
        check(key in {*keys, *given}, f"a head is signed by key {key}")
        signature = b64decode(signature.split(" ")[2])[4:]
        check(signs(key, text.encode() + b"\n", signature), "a head's signature")
        check(1 <= covered <= len(events), "events are missing")
        last = b64decode(chain.split(" ")[1])
        check(last == events[covered - 1], f"event {covered} is not the one that was signed")
check(events and covered == len(events), "the file was cut off")
is_known = key in successors(given or {*keys}) and key in successors({*named})
check(is_known, f"the last head is signed by key {key}")  # it covers all before it
leaves = [sha256(b"\0" + event).digest() for event in events]
check(b64decode(tree) == root(leaves), "an event is not the one that was signed")
print(f"verified: {covered} events of {origin}, {at}, signed by {key}, which")
print("leads to a key that you gave" if given else "the file says: ask the unit for its key")
