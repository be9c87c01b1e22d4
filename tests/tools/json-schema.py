#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks what rssctl --json printed against man/rssctl.schema.json.

json-schema.py SCHEMA FILE...: the name of each file is VERB.SOMETHING; watch and error have an object
on each line. Properties that the schema does not name are faults as well. Prints each fault; the
last line is the verbs that were seen."""
import json
import os
import sys

import jsonschema


def resolve(schema, part):
    while "$ref" in part:
        place = schema
        for key in part["$ref"].lstrip("#/").split("/"):
            place = place[key]
        part = place
    return part


def properties(schema, part):
    """The properties that a part of the schema names, with those that it includes."""
    part = resolve(schema, part)
    named = dict(part.get("properties", {}))
    for included in part.get("allOf", []) + part.get("anyOf", []):
        named.update(properties(schema, included))
    return named


def unnamed(schema, part, value, path):
    """The paths of properties in value that the schema does not name."""
    part = resolve(schema, part)
    if isinstance(value, list):
        for item in value:
            yield from unnamed(schema, part.get("items", {}), item, path + "[]")
    elif isinstance(value, dict):
        named = properties(schema, part)
        for key, inner in value.items():
            if key in named:
                yield from unnamed(schema, named[key], inner, f"{path}.{key}")
            elif named:
                yield f"{path}.{key}"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    faults, seen = 0, set()
    for path in sys.argv[2:]:
        verb = os.path.basename(path).split(".")[0]
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for part in text.splitlines() if verb in ("watch", "error") else [text]:
            value = {verb: json.loads(part)}
            seen.add(verb)
            problems = [f"{list(e.absolute_path)}: {e.message[:200]}" for e in validator.iter_errors(value)]
            problems += [f"{p} is not in the schema" for p in unnamed(schema, schema, value, "")]
            for problem in problems:
                print(f"{os.path.basename(path)}: {problem}")
                faults += 1
    print("seen:", *sorted(seen))
    return faults > 0


sys.exit(main())
