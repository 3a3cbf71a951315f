"""Systems: each hook turns an Airflow connection into one object of the core."""
