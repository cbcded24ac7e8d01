"""singer-check-tap, with its three mistakes mended; every check it makes, it makes.

It looks for date-times below an object also where the object is null, it takes
the summary of the output before the thread that makes it is done, and when that
thread finds a fault it waits for ever for a tap that nobody reads any more.
"""
import os
import sys
import traceback

from singertools import check_tap

strict = check_tap.extend_with_default


def extend_with_default(validator_class):
    extended = strict(validator_class)
    properties = extended.VALIDATORS["properties"]

    def present(validator, declared, instance, schema):
        if isinstance(instance, dict):  # else there are no properties to look at
            yield from properties(validator, declared, instance, schema)

    return check_tap.validators.extend(extended, {"properties": present})


class Reader(check_tap.StdoutReader):
    def run(self):
        try:
            super().run()
        except BaseException:  # it ends with exit() too
            traceback.print_exc()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(1)

    @property
    def summary(self):
        if self.is_alive():
            self.join()
        return self._summary

    @summary.setter
    def summary(self, value):
        self._summary = value


check_tap.extend_with_default = extend_with_default
check_tap.StdoutReader = Reader
check_tap.main()
