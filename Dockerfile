# The same pins as everywhere else: requirements.txt decides, not the image.
FROM python:3.12-slim

# What the embedded cloud unpacks its Debian packages with, and what an SSH provider's key needs.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates openssh-client procps \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/rallycross
COPY requirements.txt pyproject.toml README.md ./
RUN pip install --no-cache-dir --requirement requirements.txt

COPY dags dags
COPY operators operators
COPY hooks hooks
COPY plugins plugins
COPY include include
RUN pip install --no-cache-dir --no-deps --editable .

ENV RALLYCROSS_HOME=/var/lib/rallycross \
    AIRFLOW_HOME=/var/lib/rallycross/airflow
VOLUME /var/lib/rallycross
EXPOSE 8080
CMD ["airflow", "api-server"]
