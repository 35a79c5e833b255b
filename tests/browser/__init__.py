"""MLflow's web UI in headless Chromium, against a running server."""
