"""MLflow's search language: text to clauses, fields of each entity, page tokens; knows no database."""
