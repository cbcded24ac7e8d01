"""Read a Gorgias account into DataFrames with PyAirbyte.

pip install airbyte, install source-gorgias, write config.json, and run this script in
the directory with config.json. PyAirbyte keeps the records and the state in a
DuckDB file: run the script again, and it reads only what has changed.
"""
import json
import shutil
from pathlib import Path

import airbyte
from airbyte.caches import DuckDBCache

CONFIG = Path("config.json")

# The trap: local_executable is a path. Without it, or with a name alone, PyAirbyte looks
# for Airbyte's own connector, which is another program, or for a file in the
# current directory.
program = shutil.which("source-gorgias")


def save(config):
    """Keep renewed OAuth2 tokens: the next run needs them."""
    CONFIG.write_text(json.dumps(config))
    source.set_config(config)


source = airbyte.get_source(
    "source-gorgias", config=json.loads(CONFIG.read_text()), local_executable=program, config_change_callback=save
)
source.check()
source.select_streams(["tickets", "ticket_messages", "customers"])
result = source.read(cache=DuckDBCache(db_path="warehouse.duckdb", schema_name="gorgias"))
print(f"{result.processed_records} records were read")

tickets = result["tickets"].to_pandas()
print(tickets[["id", "status", "channel", "updated_datetime"]].head())

# Deleted rows: PyAirbyte keeps the row of a deleted ticket, with _ab_cdc_deleted_at and
# nulls. Leave these rows out, and also the messages of deleted tickets.
present = tickets[tickets["_ab_cdc_deleted_at"].isna()]
messages = result["ticket_messages"].to_pandas()
messages = messages[messages["_ab_cdc_deleted_at"].isna() & messages["ticket_id"].isin(present["id"])]
print(f"{len(tickets) - len(present)} tickets are deleted; {len(messages)} messages belong to the other {len(present)}")

# JSON columns: objects and lists are strings of JSON in a DataFrame. Parse them with json,
# or let DuckDB do it.
customers = present["customer"].map(json.loads)
print(customers.map(lambda customer: customer["id"]).head())
with result.cache.get_sql_engine().connect() as connection:
    rows = connection.exec_driver_sql(
        "select customer->>'name' as customer, count(*) from gorgias.tickets where _ab_cdc_deleted_at is null"
        " group by all order by 2 desc, 1 limit 3"
    )
    for row in rows:
        print(*row)
