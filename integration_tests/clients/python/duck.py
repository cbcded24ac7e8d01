"""Writes down what a DuckDB file holds: each table's columns, then its rows."""
import json
import sys

import duckdb

path, schema = sys.argv[1:]
db = duckdb.connect(path, read_only=True)
db.execute("SET TimeZone = 'UTC'")
columns = db.execute(
    "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = ?", [schema]
).fetchall()
tables = {}
for table, column, kind in columns:
    tables.setdefault(table, {})[column] = kind
for table, kinds in sorted(tables.items()):
    print(json.dumps({"table": table, "columns": kinds}))
    rows = db.execute(f'SELECT to_json(t) FROM "{schema}"."{table}" t')
    while row := rows.fetchone():
        print(f'{{"table": {json.dumps(table)}, "row": {row[0]}}}')
