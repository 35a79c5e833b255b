"""The GraphQL queries that MLflow's UI sends, word for word (its build of 3.17.2), and wrong ones."""

from __future__ import annotations

from typing import Any

from tests.parity.scenes import API, Call, Scene, experiment, post, run
from tests.parity.script.inputs import TRAIN, dataset, log

RUN = """
        info { runName status runUuid experimentId artifactUri endTime lifecycleStage startTime userId }
        experiment { experimentId name tags { key value } artifactLocation lifecycleStage lastUpdateTime }
        data { metrics { key value step timestamp } params { key value } tags { key value } }
        inputs {
          datasetInputs { dataset { digest name profile schema source sourceType } tags { key value } }
          modelInputs { modelId }
        }
        outputs { modelOutputs { modelId step } }
"""
GET_RUN = f"""
  query GetRun($data: MlflowGetRunInput!) @component(name: "MLflow.ExperimentRunTracking") {{
    mlflowGetRun(input: $data) {{
      apiError {{ helpUrl code message }}
      run {{ {RUN} modelVersions {{ status version name source }} }}
    }}
  }}
"""
SEARCH_RUNS = f"""
  query SearchRuns($data: MlflowSearchRunsInput!) {{
    mlflowSearchRuns(input: $data) {{
      apiError {{ helpUrl code message }}
      runs {{ {RUN} modelVersions {{ version name creationTimestamp status source }} }}
    }}
  }}
"""
HISTORY = """
  query GetMetricHistoryBulkInterval($data: MlflowGetMetricHistoryBulkIntervalInput!)
  @component(name: "MLflow.ExperimentRunTracking") {
    mlflowGetMetricHistoryBulkInterval(input: $data) {
      __typename
      metrics { timestamp step runId key value }
      apiError { code message }
    }
  }
"""
GET_EXPERIMENT = """
  query MlflowGetExperimentQuery($input: MlflowGetExperimentInput!)
  @component(name: "MLflow.ExperimentRunTracking") {
    mlflowGetExperiment(input: $input) {
      apiError { code message }
      experiment {
        artifactLocation creationTime effectiveTraceArchivalRetention experimentId lastUpdateTime
        lifecycleStage name tags { key value }
      }
    }
  }
"""


def ask(query: str, name: str = "", **rest: Any) -> Call:
    """A query as a body; braces are GraphQL's, so ids go into variables."""
    return Call("POST", "/graphql", {"query": query, **rest}, name=name)


def with_data(query: str, operation: str = "", name: str = "", **data: Any) -> Call:
    more = {"operationName": operation} if operation else {}
    return ask(query, name, variables={"data": data}, **more)


def version(name: str, **fields: Any) -> Call:
    body = {"name": name, "source": "{uri}/model", "run_id": "{run}", **fields}
    return Call("POST", "model-versions/create", body)


def asked(field: str, wanted: str, kind: str = "query") -> str:
    """A query of one field by ``$data``."""
    message = f"Mlflow{field}Input"
    return f"{kind} Q($data: {message}) {{ mlflow{field}(input: $data) {{ {wanted} }} }}"


GET_ID = asked("GetRun", "run { info { runId } }")
FOUND = asked("SearchRuns", "runs { info { runName } }")
BY_MUTATION = asked("SearchRuns", "runs { info { runName } } nextPageToken", "mutation")
VALUES = asked("GetMetricHistoryBulkInterval", "metrics { step value }")
FILES = asked("ListArtifacts", "rootUri files { path isDir fileSize } nextPageToken apiError { code }")
DATASETS = asked("SearchDatasets", "datasetSummaries { experimentId name digest context }", "mutation")
VERSIONS = asked(
    "SearchModelVersions",
    """
    modelVersions {
      name version runId currentStage description aliases tags { key value } userId modelId status
      statusMessage modelParams { name } deploymentJobState { jobId } lastUpdatedTimestamp
    }
    nextPageToken
    """,
)


JOBS = asked("SearchModelVersions", "modelVersions { name deploymentJobState { jobState runState } }")


def introspection(depth: int) -> Call:
    """Types of fields, as deep in lists as asked."""
    types = "{ __schema { types { kind name description fields { name description type { name "
    return ask(types + "ofType { name " * depth + "} " * (depth + 5))


def numbered(count: int, what: str = "__typename") -> str:
    return " ".join(f"a{i}: {what}" for i in range(count))


SCENES = [
    Scene(
        "graphql of the UI",
        [
            experiment(tags=[{"key": "team", "value": "a"}]),
            Call(
                "POST",
                "runs/create",
                {"experiment_id": "{experiment}", "run_name": "first", "start_time": 1000},
                saves={"run": "run.info.run_id", "uri": "run.info.artifact_uri"},
            ),
            with_data(GET_RUN, "GetRun", runId="{run}"),
            post(
                "runs/log-batch",
                run_id="{run}",
                metrics=[{"key": "loss", "value": 0.5, "timestamp": 5, "step": step} for step in range(3)]
                + [{"key": "nan", "value": "NaN", "timestamp": 5, "step": 2**40}],
                params=[{"key": "p", "value": "größe"}],
                tags=[{"key": "t", "value": "1"}],
            ),
            log({"dataset": dataset(), "tags": TRAIN}),
            post("registered-models/create", name="{scene} model"),
            post("registered-models/create", name="{scene} other"),
            version("{scene} model", description="one", tags=[{"key": "k", "value": "v"}]),
            version("{scene} model"),
            version("{scene} other"),
            post("runs/update", run_id="{run}", status="FINISHED", end_time=2000),
            with_data(GET_RUN, "GetRun", runId="{run}"),
            with_data(GET_RUN, runUuid="{run}"),
            with_data(GET_RUN, runId="nobody"),
            run("second", start_time=2000),
            run("third", start_time=3000),
            post("runs/delete", run_id="{third}"),
            with_data(GET_RUN, runId="{third}"),
            with_data(SEARCH_RUNS, experimentIds=["{experiment}"]),
            with_data(SEARCH_RUNS, experimentIds=["{experiment}"], filter="metrics.loss < 1"),
            with_data(SEARCH_RUNS, experimentIds=["{experiment}"], filter="bogus"),
            with_data(SEARCH_RUNS, experimentIds=[]),
            with_data(BY_MUTATION, experimentIds=["{experiment}"], orderBy=["start_time ASC"], maxResults=1),
            with_data(BY_MUTATION, experimentIds=["abc"]),
            with_data(HISTORY, runIds=["{run}"], metricKey="loss"),
            with_data(HISTORY, runIds=["{run}"], metricKey="nan"),
            with_data(HISTORY, runIds=["{run}", "{second}"], metricKey="loss"),
            with_data(HISTORY, runIds=["nobody"], metricKey="loss"),
            ask(GET_EXPERIMENT, variables={"input": {"experimentId": "{experiment}"}}),
            ask(GET_EXPERIMENT, variables={"input": {"experimentId": "987654321"}}),
            ask(GET_EXPERIMENT, variables={"input": {"experimentId": "abc"}}),
            with_data(FILES, runId="{run}"),
            Call(
                "PUT", "/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/f/x.txt", raw="text"
            ),
            Call("PUT", "/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/y.txt", raw="t"),
            with_data(FILES, runId="{run}"),
            with_data(FILES, runId="{run}", path="f"),
            with_data(FILES, runId="{run}", path="../f"),
            with_data(FILES, runId="nobody"),
            with_data(VERSIONS, filter="run_id = '{run}'"),
            with_data(VERSIONS, filter="name = '{scene} model'", maxResults=1),
            with_data(VERSIONS, filter="bogus"),
            with_data(JOBS, "", "states of jobs", filter="name = '{scene} other'"),
            with_data(DATASETS, experimentIds=["{experiment}"]),
            with_data(DATASETS, experimentIds=[]),
        ],
    ),
    Scene(
        "graphql: views of runs",
        [
            experiment(),
            run("one"),
            run("two"),
            post("runs/delete", run_id="{two}"),
            with_data(FOUND, experimentIds=["{experiment}"]),
            with_data(FOUND, "", "all runs", experimentIds=["{experiment}"], runViewType="ALL"),
            with_data(FOUND, experimentIds=["{experiment}"], runViewType="BOGUS"),
            with_data(FOUND, experimentIds=["{experiment}"], maxResults=0),
            with_data(FOUND, experimentIds=["{experiment}"], maxResults=-1),
            with_data(FOUND, "", "larger page", experimentIds=["{experiment}"], maxResults=1001),
            with_data(FOUND, "", "page too large", experimentIds=["{experiment}"], maxResults=50001),
            with_data(FOUND, experimentIds=["{experiment}"], maxResults=2**31),
            with_data(FOUND, experimentIds=["{experiment}"], maxResults="5"),
            with_data(FOUND, experimentIds="{experiment}"),
            with_data(FOUND, experimentIds=[5]),
            with_data(FOUND, experimentIds=["{experiment}"], filter=5),
        ],
    ),
    Scene(
        "graphql: refused",
        [
            ask("{ nope }"),
            ask("{ mlflowGetRun }"),
            ask("{ mlflowGetRun(input: {runId: 5}) { run { info { runId } } } }"),
            ask('{ mlflowGetRun(input: {run_id: "5"}) { run { info { runId } } } }'),
            ask('{ mlflowGetRun(input: {runId: "5"}) { run { info { run_id } } } }'),
            with_data(GET_ID, runId=5),
            with_data(GET_ID, run_id="5"),
            ask(GET_RUN),
            ask(GET_RUN, variables={}),
            ask(GET_RUN, variables={"data": None}),
            ask(GET_RUN, variables={"data": "5"}),
            with_data(GET_ID, "", "no run"),
            ask(GET_ID, "no input"),
            ask("{ mlflowGetExperiment(input: {}) { experiment { name } } }", "no experiment"),
            with_data(VALUES, "", "no runs"),
            with_data(VALUES, "", "half an interval", runIds=["nobody"], metricKey="m", startStep=1),
            with_data(VALUES, "", "no points", runIds=["nobody"], metricKey="m", maxResults=0),
            with_data(VALUES, runIds=["nobody"], metricKey="m", startStep=2**31),
            ask('{ test(inputString: "hi") { output } }'),
            ask('mutation { testMutation(inputString: "hi") { output } }'),
            ask('mutation { mlflowGetRun(input: {runId: "5"}) { apiError { code } } }'),
            ask("query A { __typename } query B { __typename }"),
            ask("query A { __typename } query B { __typename }", operationName="B"),
            ask("query A { __typename } query B { __typename }", operationName="C"),
            ask("query @component { __typename }"),
            ask("query @nope { __typename }"),
            ask("{ __typename @include(if: true) }"),
            ask("subscription { a }"),
            ask("{ ...F }"),
            ask("{ ...F } fragment F on Query { ...F }"),
            ask("{ ...F ...F } fragment F on Query { __typename }"),
            ask("{ ... on Query { __typename } ... { name: __typename } }"),
            ask("fragment F on Query { __typename }"),
            ask(f"{{ {numbered(10)} }}"),
            ask(f"{{ {numbered(11)} }}", "too many root fields"),
            ask(f"{{ mlflowGetRun {{ apiError {{ {numbered(10, 'code')} }} }} }}", "ten aliases"),
            ask(f"{{ mlflowGetRun {{ apiError {{ {numbered(11, 'code')} }} }} }}", "too many aliases"),
            ask(
                f"{{ mlflowGetRun {{ apiError {{ {numbered(6, 'code')} ...F }} }} }}"
                f" fragment F on ApiError {{ {' '.join(f'b{i}: code' for i in range(6))} }}",
                "too many aliases with those of a fragment",
            ),
            ask(f"{{ mlflowGetRun {{ apiError {{ {'code ' * 1000} }} }} }}"),
            introspection(3),
            introspection(7),
            ask(
                "{ __schema { queryType { name } mutationType { name } directives { name args { name } } } }"
            ),
            ask('{ __type(name: "MlflowRunStatus") { kind name enumValues { name description } } }'),
            ask('{ __type(name: "LongString") { kind name description specifiedByURL } }'),
            ask('{ __type(name: "Query") { fields { name args { name type { name } } type { name } } } }'),
            ask(
                '{ mlflowGetRun(input: {runId: "nobody"}) { run { info { runId } } } '
                'a: mlflowGetExperiment(input: {experimentId: "0"}) { experiment { experimentId } } }'
            ),
            Call("GET", "/graphql", {"query": "{ __typename }"}),
            Call("GET", "/graphql", query={"query": "{ __typename }"}),
            Call("PUT", "/graphql", {"query": "{ __typename }"}),
            Call("POST", "/graphql", {"query": "{ __typename }"}, headers={"content-type": "text/plain"}),
            Call("POST", "/graphql"),
            Call("POST", API + "graphql", {"query": "{ __typename }"}),
            *(ask(query) for query in ("", "{", "}", "nonsense", "{ a(b: [[[[) }")),
            *(
                Call("POST", "/graphql", body)
                for body in ({}, [], "x", [{"query": "{ __typename }"}], {"query": None}, {"query": ["{}"]})
            ),
            ask("{ __typename }", variables=5),
            ask("{ __typename }", variables=[]),
        ],
    ),
]
