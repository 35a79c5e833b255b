"""Tests of ``genesis.search``, for which MLflow's own parser is the oracle."""
