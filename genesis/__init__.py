"""Genesis-Flow, a serverless MLflow; importing this imports nothing else."""

__version__ = "0.1.0"

MLFLOW_VERSION = "3.18.0"
"""The MLflow release whose REST API is served; clients read it from ``/version``."""
