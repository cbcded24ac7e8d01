"""singer-check-tap, with its two mistakes mended; every check it makes, it makes.

It looks for date-times below an object also where the object is null, and it
takes the summary of the output before the thread that makes it is done.
"""
from singertools import check_tap

strict = check_tap.extend_with_default


def extend_with_default(validator_class):
    extended = strict(validator_class)
    properties = extended.VALIDATORS["properties"]

    def present(validator, declared, instance, schema):
        if isinstance(instance, dict):  # else there are no properties to look at
            yield from properties(validator, declared, instance, schema)

    return check_tap.validators.extend(extended, {"properties": present})


class Patient(check_tap.StdoutReader):
    @property
    def summary(self):
        if self.is_alive():
            self.join()
        return self._summary

    @summary.setter
    def summary(self, value):
        self._summary = value


check_tap.extend_with_default = extend_with_default
check_tap.StdoutReader = Patient
check_tap.main()
