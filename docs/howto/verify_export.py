"""Verify a custody export of Firstlight: python verify_export.py FILE [PUBLIC_KEY_HEX ...]."""

# ruff: noqa: SIM115, T201
import json
import sys
from base64 import b64decode
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def root(leaves):  # of a Merkle tree, RFC 6962
    half = 1 << (len(leaves) - 1).bit_length() >> 1
    both = root(leaves[:half]) + root(leaves[half:]) if half else b""
    return sha256(b"\1" + both).digest() if half else leaves[0]


def check(is_right, words):
    if not is_right:
        sys.exit(f"NOT VERIFIED: {words}")


events, covered, header, given = [], 0, {}, set(sys.argv[2:])
for line in open(sys.argv[1], "rb"):
    record = json.loads(line)
    if isinstance(record, list):  # an event; its digest is that of its line
        check(record[0] == len(events) + 1, f"event {record[0]} stands in the place of another")
        check(record[8]["hex"] == (events or [bytes(32)])[-1].hex(), f"the chain at {record[0]}")
        events.append(sha256(line.rstrip(b"\n")).digest())
    elif isinstance(record, str):  # an event that was left out: its digest alone
        events.append(bytes.fromhex(record))
    elif "purpose" in record:  # the text of a purpose, which events name by its digest
        text = bytes.fromhex(record["salt"]) + record["purpose"].encode()
        check(sha256(text).hexdigest() == record["sha256"], "a purpose has another text")
    elif "head" in record:  # how many events there were, and what they were, signed
        text, _, signature = record["head"].rpartition("\n\n")
        origin, size, tree, chain, at, key = text.split("\n")
        covered, key = int(size), b64decode(key.split("+", 2)[2])[1:]
        check(key.hex() in (given or header["keys"]), f"a head is signed by key {key.hex()}")
        signature = b64decode(signature.split(" ")[2])[4:]
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text.encode() + b"\n")
        check(1 <= covered <= len(events), "events are missing")
        last = b64decode(chain.split(" ")[1])
        check(last == events[covered - 1], f"event {covered} is not the one that was signed")
    else:
        header = record
check(events and covered == len(events), "the file was cut off")
leaves = [sha256(b"\0" + event).digest() for event in events]
check(b64decode(tree) == root(leaves), "an event is not the one that was signed")
print(f"verified: {covered} events of {origin}, {at}, signed by {key.hex()}, which is")
print("a key that you gave" if given else "what the file says: ask the unit for its key")
