# The same pins as everywhere else: requirements.txt decides, not the image.
FROM python:3.12-slim

# git fetches a verifier or a plugin that is named by its URL, over https or ssh; procps is for whoever looks into a container.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git openssh-client procps \
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
