"""MLflow's tracking and registry stores over a database of ours; loaded when one of its URIs is used."""
