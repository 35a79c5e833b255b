"""What the page's Content-Security-Policy must let its build do, and other tests do not touch."""

from __future__ import annotations

import io
import wave

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.seed import Seeded, new_run, put_files
from tests.e2e.rest import Rest


def sound() -> bytes:
    """A second of silence."""
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16_000))
    return written.getvalue()


def test_a_sound_is_drawn_and_can_be_played(open_page: OpenPage, rest: Rest, seeded: Seeded) -> None:
    experiment_id = seeded.experiments["vision"]
    run_id = new_run(rest, experiment_id, "loud")
    put_files(rest, run_id, {"silence.wav": sound()})

    page = open_page(f"#/experiments/{experiment_id}/runs/{run_id}/artifacts/silence.wav")

    expect(page.locator("audio")).to_have_js_property("duration", 1)
    expect(page.get_by_text("Loading artifact failed")).to_have_count(0)
    rest.post("runs/delete", run_id=run_id)
