"""The script: scenes of REST calls, one module per theme. Data only."""

from tests.parity.scenes import Scene
from tests.parity.script import (
    artifacts,
    batches,
    envelope,
    experiment_search,
    experiments,
    history,
    inputs,
    metrics,
    params_tags,
    run_search,
    runs,
)

SCENES: list[Scene] = [
    *experiments.SCENES,
    *experiment_search.SCENES,
    *runs.SCENES,
    *metrics.SCENES,
    *params_tags.SCENES,
    *batches.SCENES,
    *inputs.SCENES,
    *history.SCENES,
    *run_search.SCENES,
    *artifacts.SCENES,
    *envelope.SCENES,
]
