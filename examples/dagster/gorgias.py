"""A Dagster asset that syncs a Gorgias account every hour.

Start it with: dagster dev -f gorgias.py. source-gorgias, the target and sync.sh (from
the directory above) must be on the PATH. GORGIAS_DIRECTORY outlives a run and
contains config.json and postgres.json.
"""
import os
import subprocess

import dagster


@dagster.asset(retry_policy=dagster.RetryPolicy(max_retries=2, delay=300), group_name="gorgias")
def gorgias(context: dagster.AssetExecutionContext) -> None:
    """All streams of the account, in the warehouse."""
    environment = {"TARGET": "target-postgres --config postgres.json", **os.environ}
    process = subprocess.Popen(["sync.sh"], cwd=os.environ["GORGIAS_DIRECTORY"], env=environment, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        context.log.info(line.rstrip())
    if process.wait():
        raise dagster.Failure(f"sync.sh exited with {process.returncode}")


hourly = dagster.ScheduleDefinition(
    name="gorgias_hourly", target=gorgias, cron_schedule="17 * * * *", default_status=dagster.DefaultScheduleStatus.RUNNING
)
defs = dagster.Definitions(assets=[gorgias], schedules=[hourly])
