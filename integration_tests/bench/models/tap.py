"""A model of a Singer tap: what one writes with singer-sdk for such lists.

It is made to be measured. It is no real tap, and reads no real account.
"""
from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import BasicAuthenticator


class Model(RESTStream):
    records_jsonpath = "$.data[*]"
    next_page_token_jsonpath = "$.meta.next_cursor"
    primary_keys = ("id",)

    def __init__(self, tap, description):
        self.path = "/api/" + description["path"]
        self.order = description["order"]
        super().__init__(tap, name=description["stream"], schema=description["schema"])
        self.replication_key = description["cursor"]

    @property
    def url_base(self):
        return self.config["base_url"]

    @property
    def authenticator(self):
        return BasicAuthenticator(username=self.config["email"], password=self.config["api_key"])

    def get_url_params(self, context, next_page_token):
        params = {"limit": 100, "order_by": self.order}
        if next_page_token:
            params["cursor"] = next_page_token
        return params


class ModelTap(Tap):
    name = "tap-model"
    config_jsonschema = th.PropertiesList(
        th.Property("base_url", th.StringType, required=True),
        th.Property("email", th.StringType, required=True),
        th.Property("api_key", th.StringType, required=True),
        th.Property("streams", th.ArrayType(th.CustomType({"type": "object"})), required=True),
    ).to_dict()

    def discover_streams(self):
        return [Model(self, description) for description in self.config["streams"]]


if __name__ == "__main__":
    ModelTap.cli()
