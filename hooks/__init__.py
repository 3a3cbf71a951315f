"""Hooks: each turns an Airflow connection, or a setting, into one object of the core."""
