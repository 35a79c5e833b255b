"""Envelopes: what each RPC takes and gives, in the names of MLflow's protobuf messages; no rules."""
