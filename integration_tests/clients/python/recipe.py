"""Runs queries on a DuckDB file, and prints each result as a table of text."""
import json
import sys

import duckdb

path, schema, queries = sys.argv[1:]
db = duckdb.connect(path, read_only=True)
db.execute(f"SET TimeZone = 'UTC'; SET search_path = '{schema}'")


def spelled(value):
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


for query in json.loads(queries):
    result = db.execute(query)
    rows = [[c[0] for c in result.description]] + [[spelled(v) for v in row] for row in result.fetchall()]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [" | ".join(v.ljust(w) for v, w in zip(row, widths)).rstrip() for row in rows]
    print(json.dumps({"rows": len(rows) - 1, "text": "\n".join(lines) + "\n"}))
