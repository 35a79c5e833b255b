"""MLflow's own stores as either end of a move; the only modules of the program that import mlflow."""
