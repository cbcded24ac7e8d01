"""Reads files of Airbyte messages with the official models, and lets nothing
pass that the models do not declare or would change. Writes down the records.
"""
import json
import sys

from airbyte_protocol.models import AirbyteMessage, AirbyteStateBlob
from pydantic import BaseModel

FREE = (AirbyteStateBlob,)  # states hold what their source likes


def undeclared(value, at):
    """Lists the fields that a model took in though it does not declare them."""
    if isinstance(value, FREE):
        return
    if isinstance(value, BaseModel):
        for name, inner in value.__dict__.items():
            if name not in value.__fields__:
                yield f"{at}.{name}"
            yield from undeclared(inner, f"{at}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from undeclared(inner, f"{at}[]")


def same(a, b):
    """Compares what a model read with what was written. A number may be spelled
    without a fraction; apart from that, 1 is neither 1.0 nor true."""
    if type(a) is float and type(b) is int:
        return a == b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


for path in sys.argv[1:]:
    with open(path, encoding="utf-8", newline="\n") as f:
        for number, line in enumerate(f, 1):
            def fail(why):
                sys.exit(f"{path}:{number}: {why}: {line[:500]}")

            message = AirbyteMessage.parse_raw(line)
            if extra := list(undeclared(message, "message")):
                fail(f"not declared: {extra}")
            read = json.loads(message.json(exclude_unset=True, by_alias=True))
            if not same(read, json.loads(line)):
                fail("the model reads something else")
            if message.record:
                print(json.dumps({"table": message.record.stream, "row": message.record.data}))
