# One image for every process; docker-compose.yml says which one runs.
FROM python:3.12-slim-bookworm AS build
RUN pip install --no-cache-dir uv==0.13.9
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-install-project
COPY README.md ./
COPY templates templates
COPY gateway gateway
RUN uv sync --locked

FROM python:3.12-slim-bookworm
# /data belongs to the user, so a fresh named volume does too.
RUN useradd --system --uid 10001 gateway && install -d -o gateway -g gateway /data
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH \
    GATEWAY_DATA_DIR=/data \
    GATEWAY_HTTP_LISTEN=0.0.0.0:8000 \
    GATEWAY_SMTP_LISTEN=0.0.0.0:8025 \
    GATEWAY_LOG_FORMAT=json
WORKDIR /app
USER gateway
VOLUME /data
EXPOSE 8000 8025
ENTRYPOINT ["gateway"]
CMD ["serve"]
