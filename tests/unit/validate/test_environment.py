"""Who asks, and what a stock client is started in."""

from __future__ import annotations

import pytest

from genesis.validate.environment import Caller, client_environment

NAMED = {"MLFLOW_TRACKING_USERNAME": "me", "MLFLOW_TRACKING_PASSWORD": "word"}


@pytest.mark.parametrize(
    ("environment", "headers"),
    [
        ({}, {}),
        ({"MLFLOW_TRACKING_TOKEN": "t"}, {"Authorization": "Bearer t"}),
        (NAMED, {"Authorization": "Basic bWU6d29yZA=="}),
        ({**NAMED, "MLFLOW_TRACKING_TOKEN": "t"}, {"Authorization": "Basic bWU6d29yZA=="}),
        ({"MLFLOW_TRACKING_USERNAME": "me"}, {}),
    ],
)
def test_a_credential_is_sent_as_mlflows_client_would(
    environment: dict[str, str], headers: dict[str, str]
) -> None:
    assert Caller.read(environment).headers == headers


def test_every_form_of_a_secret_is_known() -> None:
    caller = Caller.read({**NAMED, "MLFLOW_TRACKING_TOKEN": "t"})
    assert set(caller.secrets) == {"t", "word", "bWU6d29yZA=="}
    assert Caller().secrets == ()


def test_a_client_gets_none_of_this_processs_settings() -> None:
    given = {
        "PATH": "/bin",
        "HTTPS_PROXY": "http://proxy",
        "HOME": "/home/me",
        "MLFLOW_TRACKING_URI": "http://other",
        "MLFLOW_EXPERIMENT_ID": "7",
        "GENESIS_AUTH": "token",
        "DATABRICKS_HOST": "x",
        "AZURE_CLIENT_SECRET": "y",
    }
    made = client_environment("http://here", Caller(token="t"), "/tmp/h", given)  # noqa: S108
    assert made["MLFLOW_TRACKING_URI"] == "http://here"
    assert made["MLFLOW_TRACKING_TOKEN"] == "t"
    assert (made["HOME"], made["PATH"], made["HTTPS_PROXY"]) == ("/tmp/h", "/bin", "http://proxy")  # noqa: S108
    assert made["GENESIS_DIRECT_ARTIFACTS"] == "false"
    assert (
        not {"MLFLOW_EXPERIMENT_ID", "GENESIS_AUTH", "DATABRICKS_HOST", "AZURE_CLIENT_SECRET"} & made.keys()
    )
