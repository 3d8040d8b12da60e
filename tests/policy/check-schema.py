#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds the JSON Schemas against the corpus: good documents pass, bad ones do not.

The C validator decides; a schema serves editors. What it cannot see is listed here by the
number of the message. Prints TAP; skips where python3-jsonschema is missing.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    print("1..0 # SKIP python3-jsonschema is not installed")
    sys.exit(0)

TOP = os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("TOP_BUILDDIR", ".")
POLICIES = os.path.join(TOP, "examples", "policies")

# Names and places that refer to each other, files, sums, and text that JSON readers differ on.
UNSEEN = {108, 203, 205, 206, 207, 208, 209, 210, 211, 212, 213, 215, 216, 219, 222}
# Documents of other numbers in which a schema sees nothing either.
UNSEEN_DOCUMENTS = {
    "gfn-limit-count",  # a sum
    "remap-limit",
    "remap-total",
    "patch-beyond",
    "symbols-no-base",
    "domid-minus-zero",  # -0 is an integer to a schema
    "domid-exponent",  # 1e3 and 1000.0 too, where they are in range
    "domid-hex-huge",  # hexadecimal strings are checked for their digits only
}


def load_schema(name):
    with open(os.path.join(POLICIES, name), encoding="utf-8") as f:
        schema = json.load(f)
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def refuse(word):
    raise ValueError(word)


def read(path):
    """The document, or None where it is no JSON."""
    try:
        with open(path, encoding="utf-8") as f:
            return json.load(f, parse_constant=refuse)
    except (ValueError, RecursionError):
        return None


def documents(folder):
    names = sorted(n for n in os.listdir(folder) if n.endswith(".json"))
    return [(n[:-5], os.path.join(folder, n)) for n in names if not n.endswith(".schema.json")]


def expected(folder):
    """By document: the messages that the validator gives."""
    with open(os.path.join(folder, "expected"), encoding="utf-8") as f:
        parts = re.split(r"^== (.*)\.json\n", f.read(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def numbers_of(messages):
    """Their numbers, but for "there are more"."""
    return {int(n) for n in re.findall(r"\[XM-(\d+)\]", messages)} - {100}


def wrong_good(schema, path):
    document = read(path)
    if document is None:
        return "is no JSON"
    for error in schema.iter_errors(document):
        return error.message
    return None


def wrong_bad(schema, name, path, messages):
    numbers = numbers_of(messages)
    document = read(path)
    if document is None:
        return None if max(numbers) < 120 else "is no JSON, which the message does not say"
    unseen = numbers <= UNSEEN or name in UNSEEN_DOCUMENTS
    if schema.is_valid(document) and not unseen:
        return f"passes the schema; the validator says {numbers}"
    if not schema.is_valid(document) and unseen:
        return f"fails the schema, which was said not to see {numbers}"
    return None


def main(corpus):
    policy = load_schema("xmem-policy.schema.json")
    machine = load_schema("xmem-machine.schema.json")
    results = []
    for folder in ("valid", "warned"):
        results += [(n, wrong_good(policy, p)) for n, p in documents(os.path.join(corpus, folder))]
    for name, path in documents(POLICIES):
        results.append((name, wrong_good(policy, path)))
    for folder in ("valid", "warned"):
        results += [(n, wrong_good(machine, p))
                    for n, p in documents(os.path.join(corpus, "machine", folder))]
    invalid = os.path.join(corpus, "invalid")
    messages = expected(invalid)
    for name, path in documents(invalid):
        results.append((name, wrong_bad(policy, name, path, messages[name])))
    print(f"1..{len(results)}")
    for number, (name, wrong) in enumerate(results, 1):
        print(f"not ok {number} - {name}: {wrong}" if wrong else f"ok {number} - {name}")
    return any(wrong for _, wrong in results)


with tempfile.TemporaryDirectory(prefix="xm-schema.") as split:
    subprocess.run([os.path.join(BUILD, "tests", "policy", "test-corpus"), "--split", split],
                   check=True)
    sys.exit(main(split))
