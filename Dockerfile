# The tool `faceline` with its models mounted:
#   docker build -t faceline .
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD/models:/models:ro" -v "$PWD/photos:/data" \
#     faceline identify /data --gallery /data/people.db
# --user: a gallery is readable by its owner alone, and so is one made in the container.
FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    FACELINE_MODELS=/models

WORKDIR /opt/faceline
COPY pyproject.toml requirements.txt README.md LICENSE ./
COPY faceline ./faceline
RUN grep -v "^-e" requirements.txt > constraints.txt && pip install --constraint constraints.txt ".[train]"

RUN useradd --create-home --uid 1000 faceline
USER faceline
WORKDIR /data
VOLUME ["/models", "/data"]
ENTRYPOINT ["faceline"]
CMD ["--help"]
