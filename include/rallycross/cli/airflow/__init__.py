"""This checkout's Airflow: settings, components, their supervisor, and the REST API."""
