"""An Airflow DAG that syncs a Gorgias account every hour.

Put this file into the DAGs folder. The workers need source-gorgias, the target and
sync.sh (from the directory above) on their PATH, and a directory that outlives
a run, here /srv/gorgias, with config.json and postgres.json.
"""
from datetime import datetime, timedelta

from airflow.decorators import dag, task

DIRECTORY = "/srv/gorgias"


@dag(
    schedule="@hourly",
    start_date=datetime(2026, 1, 1),
    catchup=False,  # the state says where to continue, not the date of the run
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
    tags=["gorgias"],
)
def gorgias():
    @task.bash(env={"TARGET": "target-postgres --config postgres.json"}, append_env=True, cwd=DIRECTORY)
    def sync() -> str:
        return "sync.sh "  # Airflow takes a command that ends with .sh for the name of a template

    sync()


gorgias()
