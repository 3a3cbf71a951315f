"""This checkout's Airflow: its settings, its components and who keeps them running, its REST API."""
