"""The core: deploys, verifies, benchmarks, judges and reports on OpenStack clouds. Knows nothing of Airflow."""
