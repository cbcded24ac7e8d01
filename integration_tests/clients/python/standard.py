"""The standard tests of airbyte-cdk, for a program instead of a Python class.

The suite runs a Python source within its own process, wrapped in the kit's own
entry point. Here the one function that does so runs the program instead, with
the same arguments, and hands over what it wrote, line by line: what the suite
then asserts, it asserts of the program itself.
"""
import json
import os
import subprocess
from pathlib import Path

from airbyte_cdk.models import AirbyteMessageSerializer
from airbyte_cdk.test import entrypoint_wrapper
from airbyte_cdk.test.models import ConnectorTestScenario
from airbyte_cdk.test.standard_tests.source_base import SourceTestSuiteBase


class Program:
    """What the suite takes for a source."""

    def spec(self, logger):
        raise NotImplementedError


def run(source, args, expecting_exception=None, *, expected_outcome=None):
    command = [os.environ["SOURCE"], *args]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=300)
    assert not done.stderr, done.stderr
    lines = done.stdout.splitlines()  # as the kit does when it runs an image
    for line in lines:
        AirbyteMessageSerializer.load(json.loads(line))  # the kit would take what it cannot read for a log
    failure = None
    if done.returncode:
        failure = subprocess.CalledProcessError(done.returncode, command, done.stdout[-1000:])
    return entrypoint_wrapper.EntrypointOutput(messages=lines, uncaught_exception=failure)


entrypoint_wrapper._run_command = run


class TestSource(SourceTestSuiteBase):
    connector = None
    connector_name = "source-gorgias"

    @classmethod
    def get_connector_root_dir(cls):
        return Path(__file__).parent

    @classmethod
    def create_connector(cls, scenario):
        return Program()

    @classmethod
    def get_scenarios(cls):
        def scenario(name, status):
            return ConnectorTestScenario(config_path=Path(os.environ[name]), status=status)

        return [scenario("CONFIG", "succeed"), scenario("WRONG_CONFIG", "failed")]
