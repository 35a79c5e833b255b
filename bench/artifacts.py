"""Artifact transfer: Genesis-Flow with its client against a stock MLflow server, both onto one Azurite.

``python -m bench.artifacts`` (``--help``): time of each operation in turn (ours, stock, ours, stock…), the
ratio of the medians, the bytes that passed through each server, and the memory each server grew by.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click

from bench.counting import Counting
from tests.servers import Server, free_port
from tests.servers.azurite import azurite
from tests.servers.serve import genesis_serve

REPOSITORY = Path(__file__).parents[1]
MIB = 1 << 20
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
OURS, STOCK = "genesis", "stock"
OPERATIONS = ("large up", "large down", "small up", "small down")


@dataclass
class Subject:
    """A server under test, and what was measured of it."""

    name: str
    server: Server
    relay: Counting
    direct: bool
    runs: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)

    def client(self, *arguments: str, counted: bool = False) -> tuple[str, float]:
        """What a client process printed: a run's id and the seconds."""
        environment = {
            **os.environ,
            "MLFLOW_TRACKING_URI": self.relay.url if counted else self.server.url,
            "GENESIS_DIRECT_ARTIFACTS": "true" if self.direct else "false",
            "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        if not self.direct:
            # In 100 parts and more (1 GiB is 103) stock's multipart upload to Azure fails: the ids of its
            # blocks differ in length (mlflow/store/artifact/azure_blob_artifact_repo.py:283, 3.17.2).
            environment["MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"] = "false"
        command = [sys.executable, "-m", "bench.transfer", *arguments]
        done = subprocess.run(command, env=environment, cwd=REPOSITORY, capture_output=True, text=True)
        if done.returncode:
            raise click.ClickException(f"{self.name}: {' '.join(arguments)} failed:\n{done.stderr[-3000:]}")
        run, seconds = done.stdout.split()[-2:]
        return run, float(seconds)

    def memory(self) -> int:
        """Resident bytes of the server and its workers."""
        assert self.server.process is not None
        return sum(_resident(pid) for pid in _family(self.server.process.pid))


def _family(pid: int) -> Iterator[int]:
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from _family(int(child))


def _resident(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    return 0


def stock_on_azurite(folder: Path, storage: Server) -> Server:
    """``mlflow server`` as its manual starts it, its artifacts in the same Azurite."""
    port = free_port()
    endpoint = f"{storage.url}/{ACCOUNT}"
    command = [
        str(Path(sys.executable).with_name("mlflow")),
        "server",
        *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
        *("--artifacts-destination", f"wasbs://stock@{ACCOUNT}.blob.core.windows.net/"),
        *("--serve-artifacts", "--host", "127.0.0.1", "--port", str(port)),
    ]
    environment = {
        **os.environ,
        "AZURE_STORAGE_CONNECTION_STRING": f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};"
        f"AccountKey={KEY};BlobEndpoint={endpoint};",
        "GENESIS_DIRECT_ARTIFACTS": "false",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    return Server(command, port=port, health="/health", environment=environment, cwd=folder)


@contextmanager
def subjects(folder: Path) -> Iterator[list[Subject]]:
    """Both servers, running, and the storage below them."""
    for name in ("azurite", OURS, STOCK):
        (folder / name).mkdir()
    with ExitStack() as stack:
        storage = stack.enter_context(azurite(folder / "azurite"))
        _make_container(storage)
        settings = {
            "GENESIS_ARTIFACTS_URI": f"{storage.url}/{ACCOUNT}/genesis",
            "GENESIS_STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true",
        }
        ours = stack.enter_context(genesis_serve(folder / OURS, environment=settings))
        stock = stack.enter_context(stock_on_azurite(folder / STOCK, storage))
        yield [
            Subject(OURS, ours, stack.enter_context(Counting(ours.port)), direct=True),
            Subject(STOCK, stock, stack.enter_context(Counting(stock.port)), direct=False),
        ]


def _make_container(storage: Server) -> None:
    from azure.storage.blob import ContainerClient

    credential = {"account_name": ACCOUNT, "account_key": KEY}
    with ContainerClient(f"{storage.url}/{ACCOUNT}", "stock", credential=credential) as container:
        container.create_container()


def measure(subject: Subject, operation: str, payload: Path, folder: Path, *, counted: bool = False) -> float:
    """One operation by one client process, in seconds."""
    before = subject.relay.bytes
    if operation.endswith("up"):
        subject.runs[payload.name], seconds = subject.client("up", str(payload), counted=counted)
    else:
        with tempfile.TemporaryDirectory(dir=folder) as target:
            run = subject.runs[payload.name]
            _, seconds = subject.client("down", run, payload.name, target, counted=counted)
    if counted:
        subject.bytes[operation] = subject.relay.bytes - before
    return seconds


def _write(place: Path, size: int) -> None:
    with place.open("wb") as file:
        for _ in range(0, size, MIB):
            file.write(os.urandom(min(MIB, size)))


def payloads(folder: Path, mib: int, files: int) -> dict[str, Path]:
    """One large file, and a folder of files of 10 KB."""
    large, small = folder / "large.bin", folder / "small"
    _write(large, mib * MIB)
    small.mkdir()
    for number in range(files):
        (small / f"{number:04}.bin").write_bytes(os.urandom(10_000))
    return {"large": large, "small": small}


def crowd(subject: Subject, folder: Path, clients: int, mib: int) -> tuple[int, int]:
    """Resident bytes before, and the most seen while ``clients`` move a file each, up and down."""
    before = peak = subject.memory()
    files = []
    for number in range(clients):
        files.append(folder / f"client-{number}.bin")
        _write(files[-1], mib * MIB)

    def one(file: Path) -> None:
        run, _ = subject.client("up", str(file))
        with tempfile.TemporaryDirectory(dir=folder) as target:
            subject.client("down", run, file.name, target)

    with ThreadPoolExecutor(clients) as pool:
        waiting = [pool.submit(one, file) for file in files]
        while not all(future.done() for future in waiting):
            peak = max(peak, subject.memory())
            time.sleep(0.2)
        for future in waiting:
            future.result()
    for file in files:
        file.unlink()
    return before, peak


def table(pair: list[Subject], sizes: dict[str, int]) -> list[str]:
    """A line for each operation: medians, ratio, and what passed through each server."""
    lines = [
        f"{'operation':12} {OURS + ' s':>10} {STOCK + ' s':>10} {'ratio':>6} "
        f"{'bytes through ' + OURS:>24} {'through ' + STOCK:>16}"
    ]
    ours, stock = pair
    for operation in OPERATIONS:
        a, b = (statistics.median(one.seconds[operation]) for one in pair)
        shares = [f"{one.bytes[operation] / sizes[operation.split()[0]]:.2%}" for one in (ours, stock)]
        lines.append(f"{operation:12} {a:10.2f} {b:10.2f} {b / a:6.1f} {shares[0]:>24} {shares[1]:>16}")
    return lines


@click.command()
@click.option("--mib", default=1024, show_default=True, help="Size of the large file.")
@click.option("--files", default=1000, show_default=True, help="How many small files, of 10 KB each.")
@click.option("--repeats", default=3, show_default=True, help="Rounds; the medians count.")
@click.option("--clients", default=8, show_default=True, help="Clients at once, for the memory.")
@click.option("--client-mib", default=1024, show_default=True, help="What each of them moves, up and down.")
@click.option("--json", "as_json", is_flag=True, help="Print the raw figures as JSON as well.")
def main(mib: int, files: int, repeats: int, clients: int, client_mib: int, as_json: bool) -> None:
    """Measure artifact transfer against a stock server."""
    root = Path(tempfile.mkdtemp(prefix="bench-artifacts-"))
    try:
        with subjects(root) as pair:
            things = payloads(root, mib, files)
            sizes = {"large": mib * MIB, "small": files * 10_000}
            for number in range(repeats):
                for operation in OPERATIONS:
                    for subject in pair:
                        thing = things[operation.split()[0]]
                        # The bytes are counted in the first round, whose times stay out where there are more.
                        seconds = measure(subject, operation, thing, root, counted=number == 0)
                        if number or repeats == 1:
                            subject.seconds.setdefault(operation, []).append(seconds)
                        click.echo(
                            f"round {number} {operation:12} {subject.name:8} {seconds:8.2f} s", err=True
                        )
            click.echo("\n".join(table(pair, sizes)))
            before, peak = crowd(pair[0], root, clients, client_mib)
            click.echo(
                f"{clients} clients x {client_mib} MiB up and down: {OURS} had {before / MIB:.0f} MiB, "
                f"grew by {(peak - before) / MIB:.1f} MiB"
            )
            if as_json:
                click.echo(json.dumps({s.name: {"seconds": s.seconds, "bytes": s.bytes} for s in pair}))
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
