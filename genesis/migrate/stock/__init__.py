"""MLflow's own stores as either end of a move; the only modules of the program that import mlflow."""

import logging

import mlflow as _mlflow  # sets its own loggers up

# What it says of its tables is of no use to who moves house.
logging.getLogger(_mlflow.__name__).setLevel(logging.WARNING)
