"""Codes, statuses and classes of errors are MLflow's."""

from __future__ import annotations

import json

import pytest
from mlflow.exceptions import ERROR_CODE_TO_HTTP_STATUS, MlflowException
from mlflow.protos.databricks_pb2 import ErrorCode

from genesis.errors import STATUS, Code, GenesisError
from genesis.wire.base import encode_error


@pytest.mark.parametrize("code", Code)
def test_a_code_has_the_status_that_mlflow_gives_it(code: Code) -> None:
    assert STATUS[code] == ERROR_CODE_TO_HTTP_STATUS[code.value]


@pytest.mark.parametrize("code", Code)
def test_an_error_is_written_as_mlflow_writes_it(code: Code) -> None:
    theirs = json.loads(MlflowException("why", ErrorCode.Value(code.value)).serialize_as_json())
    assert json.loads(encode_error(GenesisError(code, "why")).whole()) == theirs
