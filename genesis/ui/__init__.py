"""MLflow's web UI: its build is taken out of MLflow's own wheel, kept in a folder and served from there."""
