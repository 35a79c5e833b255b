"""Nouns of the domain in MLflow's names; no I/O and no request types."""
