"""One sync of PyAirbyte into its DuckDB cache, with every stream selected."""
import json
import sys

import airbyte
from airbyte.caches import DuckDBCache

program, config, database, summary, *keep = sys.argv[1:]
with open(config, encoding="utf-8") as f:
    settings = json.load(f)


def renewed(settings):
    """Keep new tokens for the next sync, and for what this one still starts."""
    with open(config, "w", encoding="utf-8") as f:
        json.dump(settings, f)
    source.set_config(settings)


source = airbyte.get_source(
    "source-gorgias", config=settings, local_executable=program, config_change_callback=renewed if keep else None
)
source.check()
streams = source.get_available_streams()
source.select_all_streams()
result = source.read(cache=DuckDBCache(db_path=database, schema_name="gorgias"))
with open(summary, "w", encoding="utf-8") as f:
    json.dump({"streams": streams, "records": result.processed_records}, f)
