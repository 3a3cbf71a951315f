"""The pages in Airflow's UI: values in, HTML out. The plugin serves them, and decides who may see them."""
