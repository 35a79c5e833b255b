"""A signature is seen by the storage alone, and nothing but a signature is."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.plugin.conftest import PART, content
from tests.unit.plugin.fakes import HANG_UP, SECRET, SIGN, Answer, Fakes, Seen, json_answer

ROOT = "0/run/artifacts"
URLLIB3 = logging.getLogger("urllib3.connectionpool")


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and all that it came from, also where a traceback would not show that."""
    if error is not None:
        yield error
        yield from chain(error.__cause__)
        yield from chain(error.__context__)


def shown(error: BaseException) -> str:
    """All that can be made of it: texts, tracebacks, and the plug-in's variables in them."""
    return "".join(text for one in chain(error) for text in [str(one), repr(one), *traced(one)])


def traced(error: BaseException) -> Iterator[str]:
    trace = traceback.TracebackException.from_exception(error, capture_locals=True)
    yield from traceback.TracebackException.from_exception(error).format()
    for frame in trace.stack:
        if "genesis/plugin" in frame.filename:
            yield repr(frame.locals)


def quoting(status: int) -> Callable[[Seen], Answer]:
    """A storage that repeats what it was asked, as Azure does for some errors."""
    return lambda seen: Answer(
        status,
        f'{{"error_code": "{seen.query["sig"]}"}}'.encode(),
        {"Content-Type": "application/json", "x-ms-error-code": f"?{seen.query['sig']}"},
    )


FAULTS: dict[str, Callable[[Seen], Answer]] = {
    "it hangs up": lambda seen: HANG_UP,
    "it breaks off": lambda seen: Answer(206, b"x", {"ETag": '"1"'}, promised=9),
    **{f"it answers {status}": quoting(status) for status in (302, 400, 403, 409, 412, 503)},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("size", [10, 3 * PART])
def test_no_error_and_no_log_has_a_signature(
    fake: Fakes,
    repository: Any,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[Seen], Answer],
    size: int,
) -> None:
    caplog.set_level(logging.DEBUG)
    # Commands of ours that ran in this process before keep it quiet.
    caplog.set_level(logging.DEBUG, "urllib3")
    (mlflows,) = [f for f in URLLIB3.filters if type(f).__module__.startswith("mlflow")]
    monkeypatch.setattr(URLLIB3, "filters", [f for f in URLLIB3.filters if f is not mlflows])
    (folder / "file.bin").write_bytes(content(size))
    repository.log_artifact(folder / "file.bin")
    repository.download_artifacts("file.bin", str(folder))
    assert "sig=[REDACTED]" in caplog.text  # it is urllib3 that would tell
    fake.storage_fault = fault

    for transfer in (
        lambda: repository.log_artifact(folder / "file.bin"),
        lambda: repository.download_artifacts("file.bin", str(folder)),
    ):
        with pytest.raises(Exception) as caught:
            transfer()
        assert SECRET not in shown(caught.value)
    assert SECRET not in caplog.text


def test_a_storage_that_cannot_be_reached_is_named_without_a_signature(
    fake: Fakes, repository: Any, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    (folder / "file.bin").write_bytes(b"x")
    # Nothing listens on the port of discards.
    fake.storage_url = "http://127.0.0.1:9"

    with pytest.raises(Exception, match=r"127\.0\.0\.1:9 could not be reached") as caught:
        repository.log_artifact(folder / "file.bin")

    assert SECRET not in shown(caught.value)
    assert SECRET not in caplog.text


def test_half_a_reply_of_the_server_is_not_shown(fake: Fakes, repository: Any, folder: Path) -> None:
    (folder / "file.bin").write_bytes(b"x")
    half = Answer(200, f'{{"uploads": [{{"url": "http://x/?sig={SECRET}'.encode())
    fake.tracking_fault = lambda seen: half if seen.path == SIGN else None

    with pytest.raises(Exception, match="not MLflow's JSON") as caught:
        repository.log_artifact(folder / "file.bin")

    assert SECRET not in shown(caught.value)


def test_the_storage_gets_no_credentials_and_no_cookies(
    fake: Fakes, repository: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = folder / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hidden")
    monkeypatch.setenv("NETRC", str(netrc))
    (folder / "file.bin").write_bytes(b"x")
    fake.storage_fault = lambda seen: (
        fake.keep(f"{ROOT}/file.bin", b"x") or Answer(201, headers={"Set-Cookie": "a=b"})  # type: ignore[func-returns-value]
        if seen.method == "PUT"
        else None
    )

    for _ in range(2):
        repository.log_artifact(folder / "file.bin")
    repository.download_artifacts("file.bin", str(folder))

    assert len(fake.moved) == 3
    for seen in fake.moved:
        assert not {"authorization", "cookie"} & {name.lower() for name in seen.headers}
    # MLflow's own requests have what requests found there.
    assert fake.calls(SIGN)[0].headers["Authorization"].startswith("Basic ")


def test_a_certificate_that_is_trusted_for_the_server_is_for_its_own_urls_alone(
    fake: Fakes, repository: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from genesis.plugin import storage

    verified, real = [], storage.session

    class Session:
        def request(self, method: str, url: str, **options: Any) -> Any:
            verified.append(options.get("verify"))
            return real(0).request(method, url, **options)

    monkeypatch.setenv("MLFLOW_TRACKING_INSECURE_TLS", "true")
    monkeypatch.setattr(storage, "session", lambda process: Session())
    (folder / "file.bin").write_bytes(b"x")
    repository.log_artifact(folder / "file.bin")

    def of_its_own(seen: Seen) -> Answer | None:
        if seen.path == SIGN:
            url = f"{fake.url}/signed/file.bin?sig=1"
            return json_answer({"uploads": [{"path": "x", "parts": [{"url": url, "headers": {}}]}]})
        return Answer(201) if seen.path.startswith("/signed/") else None

    fake.tracking_fault = of_its_own
    repository.log_artifact(folder / "file.bin")

    assert verified == [None, False]
