"""A server with GENESIS_AUTH=token, and stock clients that have a token, another one, or none."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException, RestException

from genesis.store import open_engine
from genesis.store.tokens import Tokens
from tests.e2e.clients import direct_client, stock_client
from tests.e2e.rest import Rest
from tests.servers import Server, free_port
from tests.servers.azurite import azurite
from tests.servers.serve import REPOSITORY, genesis_command, genesis_environment, genesis_serve

FIRST = "gf_first_" + "f1r5t" * 13
TOKEN = {"GENESIS_AUTH": "token", "GENESIS_TOKEN": FIRST, "GENESIS_LOG_LEVEL": "DEBUG"}
VARIABLES = ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")


class Guarded:
    """A server that asks for a token, and the command that makes one."""

    def __init__(self, server: Server, settings: dict[str, str]) -> None:
        self.server = server
        self.settings = settings

    def new_token(self, name: str) -> str:
        made = subprocess.run(
            genesis_command("tokens", "create", name),
            env=genesis_environment(self.settings),
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
        )
        return made.stdout.strip()

    @contextmanager
    def client(self, **variables: str) -> Iterator[MlflowClient]:
        """A stock client, as somebody sets it up."""
        with pytest.MonkeyPatch.context() as environment:
            for name in VARIABLES:
                environment.delenv(name, raising=False)
            for name, value in variables.items():
                environment.setenv(name, value)
            with stock_client(self.server) as pointed:
                yield pointed


@pytest.fixture(scope="module", params=["sqlite", "mongo"])
def guarded(
    request: pytest.FixtureRequest,
    new_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Guarded]:
    data = tmp_path_factory.mktemp(f"guarded-{request.param}")
    uri = new_database(request.param)
    with genesis_serve(data, database_uri=uri, environment=TOKEN) as server:
        yield Guarded(server, {"GENESIS_DATA": str(data), "GENESIS_DATABASE_URI": uri})


def train(client: MlflowClient, folder: Path, name: str) -> str:
    """A run with a metric and a file, fetched again; who it belongs to."""
    run = client.create_run(client.create_experiment(name))
    client.log_metric(run.info.run_id, "accuracy", 0.9)
    (folder / "a.txt").write_text("of a run")
    client.log_artifact(run.info.run_id, str(folder / "a.txt"))
    fetched = client.download_artifacts(run.info.run_id, "a.txt", str(folder))
    assert Path(fetched).read_text() == "of a run"
    assert client.get_run(run.info.run_id).data.metrics == {"accuracy": 0.9}
    return str(client.get_run(run.info.run_id).info.user_id)


def test_a_client_with_a_token_works_and_its_runs_are_its_own(
    guarded: Guarded, tmp_path: Path, experiment_name: str
) -> None:
    with guarded.client(MLFLOW_TRACKING_TOKEN=guarded.new_token("ada")) as client:
        assert train(client, tmp_path, experiment_name) == "ada"


def test_a_client_with_any_user_name_and_the_token_as_password_works(
    guarded: Guarded, tmp_path: Path, experiment_name: str
) -> None:
    given = {"MLFLOW_TRACKING_USERNAME": "who-ever", "MLFLOW_TRACKING_PASSWORD": guarded.new_token("bob")}
    with guarded.client(**given) as client:
        assert train(client, tmp_path, experiment_name) == "bob"


def test_the_first_token_works(guarded: Guarded, tmp_path: Path, experiment_name: str) -> None:
    with guarded.client(MLFLOW_TRACKING_TOKEN=FIRST) as client:
        assert train(client, tmp_path, experiment_name) == "deployment"


def test_the_plug_in_and_its_signed_urls_work(guarded: Guarded, tmp_path: Path, experiment_name: str) -> None:
    with (
        guarded.client(MLFLOW_TRACKING_TOKEN=FIRST),
        direct_client(guarded.server, tmp_path / "cache") as client,
    ):
        assert train(client, tmp_path, experiment_name) == "deployment"
    log = guarded.server.log.read_text()
    assert "PUT /signed/" in log and "POST /genesis/artifacts/sign" in log


def test_a_client_with_nothing_is_told_what_it_needs(guarded: Guarded) -> None:
    with guarded.client() as client, pytest.raises(RestException, match="MLFLOW_TRACKING_TOKEN") as raised:
        client.search_experiments()
    assert (raised.value.error_code, raised.value.get_http_status_code()) == ("UNAUTHENTICATED", 401)


@pytest.mark.parametrize(
    "given",
    [
        {"MLFLOW_TRACKING_TOKEN": "gf_abcdefgh2345_" + "a" * 43},
        {"MLFLOW_TRACKING_TOKEN": "password"},
        {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": "password"},
        {"MLFLOW_TRACKING_USERNAME": FIRST, "MLFLOW_TRACKING_PASSWORD": "x"},
    ],
)
def test_a_client_with_something_else_is_refused(
    guarded: Guarded, given: dict[str, str], tmp_path: Path
) -> None:
    with guarded.client(**given) as client:
        with pytest.raises(MlflowException, match="UNAUTHENTICATED: The token is not good here"):
            client.create_experiment("never")
        (tmp_path / "a.txt").write_text("x")
        with pytest.raises(MlflowException):
            client.log_artifact("0" * 32, str(tmp_path / "a.txt"))


def test_a_large_upload_that_is_refused_is_told_so(guarded: Guarded) -> None:
    reply = Rest(guarded.server.url).put_artifact("0/large.bin", b"x" * 20_000_000)
    assert reply.status == 401
    assert reply.headers["WWW-Authenticate"] == 'Basic realm="mlflow", Bearer realm="mlflow"'


def test_health_version_and_server_info_are_open(guarded: Guarded) -> None:
    rest = Rest(guarded.server.url)
    for path in ("/health", "/version", "/api/3.0/mlflow/server-info", "/ajax-api/3.0/mlflow/server-info"):
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            assert rest.send("GET", path, headers=headers).status == 200
    assert rest.get("experiments/get", experiment_id="0").status == 401


def test_a_token_that_was_revoked_is_refused_where_it_was_not_known(guarded: Guarded) -> None:
    text = guarded.new_token("eve")
    done = subprocess.run(
        genesis_command("tokens", "revoke", text),
        env=genesis_environment(guarded.settings),
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
    )
    assert done.returncode == 0
    with (
        guarded.client(MLFLOW_TRACKING_TOKEN=text) as client,
        pytest.raises(MlflowException, match="revoked"),
    ):
        client.search_experiments()


def test_who_guesses_waits_and_who_is_known_does_not(
    new_database: Callable[[str], str], tmp_path: Path
) -> None:
    with genesis_serve(tmp_path / "data", environment=TOKEN) as server:
        rest = Rest(server.url)
        path = "/api/2.0/mlflow/experiments/get?experiment_id=0"
        replies = [rest.send("GET", path, headers={"Authorization": f"Bearer x{i}"}) for i in range(11)]
        assert [reply.status for reply in replies] == [401] * 10 + [429]
        assert 1 <= int(replies[-1].headers["Retry-After"]) <= 60
        assert replies[-1].json()["error_code"] == "REQUEST_LIMIT_EXCEEDED"
        assert rest.send("GET", path, headers={"Authorization": f"Bearer {FIRST}"}).status == 200


def test_signed_urls_of_blob_storage_work_and_the_storage_gets_no_credential(tmp_path: Path) -> None:
    with azurite(tmp_path / "azurite") as storage:
        settings = {
            **TOKEN,
            "GENESIS_ARTIFACTS_URI": f"{storage.url}/devstoreaccount1/guarded",
            "GENESIS_STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true",
        }
        with genesis_serve(tmp_path / "data", environment=settings) as server:
            guarded = Guarded(server, {"GENESIS_DATA": str(tmp_path / "data")})
            with (
                guarded.client(MLFLOW_TRACKING_TOKEN=FIRST),
                direct_client(server, tmp_path / "cache") as client,
            ):
                assert train(client, tmp_path, "direct") == "deployment"
            log = server.log.read_text()
            assert "POST /genesis/artifacts/sign" in log and "PUT /mlflow-artifacts/artifacts" not in log
            assert FIRST not in log + storage.log.read_text()


def test_the_servers_log_has_no_credential(tmp_path: Path) -> None:
    # A server of its own: at the others' so much was refused that it would have to wait for a minute.
    with genesis_serve(tmp_path / "data", environment=TOKEN) as server:
        guarded = Guarded(server, {"GENESIS_DATA": str(tmp_path / "data")})
        text, user = guarded.new_token("mallory"), "a-user-name"
        wrong = "gf_abcdefgh2345_" + "S3cr3t-" * 6 + "x"
        path = "/api/2.0/mlflow/experiments/get?experiment_id=0"
        for token in (text, wrong, FIRST):
            Rest(server.url).send("GET", path, headers={"Authorization": f"Bearer {token}"})
            with guarded.client(MLFLOW_TRACKING_USERNAME=user, MLFLOW_TRACKING_PASSWORD=token) as client:
                try:
                    client.search_experiments()
                except MlflowException as error:
                    assert token not in str(error)
    log = server.log.read_text()
    assert "Refused a token: unknown (id abcdefgh2345)" in log
    for secret in (text, text[16:], wrong, wrong[16:], FIRST, user, "Authorization", "authorization"):
        assert secret not in log


def test_the_database_has_no_token(tmp_path: Path) -> None:
    with genesis_serve(tmp_path / "data", environment=TOKEN) as server:
        text = Guarded(server, {"GENESIS_DATA": str(tmp_path / "data")}).new_token("ada")
    with closing(open_engine(f"sqlite:///{tmp_path / 'data' / 'genesis.db'}")) as engine:
        (kept,) = Tokens(engine).all()
    assert kept.hash.startswith("$argon2id$")
    for file in (tmp_path / "data").glob("genesis.db*"):
        assert text[16:].encode() not in file.read_bytes()


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104
def test_an_address_that_others_reach_is_refused_without_authentication(tmp_path: Path, host: str) -> None:
    port = str(free_port())
    refused = subprocess.run(
        genesis_command("serve", "--host", host, "--port", port, "--data", str(tmp_path / "data")),
        env=genesis_environment({}),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "GENESIS_AUTH is none, which is refused on an address that other machines reach" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("settings", [TOKEN, {"GENESIS_AUTH": "open-to-anyone"}])
def test_an_address_that_others_reach_is_fine_with_it_or_when_told_so(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    port = free_port()
    everywhere = "0.0.0.0"  # noqa: S104
    command = genesis_command("serve", "--host", everywhere, "--port", str(port), "--data", str(tmp_path))
    environment = genesis_environment(settings)
    with Server(command, port=port, health="/health", environment=environment, cwd=REPOSITORY) as server:
        expected = 401 if settings is TOKEN else 200
        assert Rest(server.url).get("experiments/get", experiment_id="0").status == expected


@pytest.mark.parametrize("settings", [{"WEBSITE_SITE_NAME": "app"}, {"GENESIS_AUTH": "tokens"}])
def test_a_server_that_would_be_open_by_accident_does_not_start(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    refused = subprocess.run(
        genesis_command("serve", "--port", str(free_port()), "--data", str(tmp_path / "data")),
        env=genesis_environment(settings),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "GENESIS_AUTH is" in refused.stderr and "Traceback" not in refused.stderr
