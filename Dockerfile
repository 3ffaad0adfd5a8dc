# syntax=docker/dockerfile:1
# docker build --target backend -t tribina/backend .
# docker build --target waiting-room -t tribina/waiting-room .

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
ENV SQLX_OFFLINE=true
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p backend -p waiting-room \
    && install -D -t /out target/release/backend target/release/waiting-room

FROM debian:12.12-slim AS run
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10000 --no-create-home tribina
# `healthy 7400`: does GET /healthz on that port answer 200?
COPY --chmod=755 <<'SCRIPT' /usr/local/bin/healthy
#!/bin/bash
exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
printf 'GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
read -r -t 2 status <&3 && [[ "$status" == *" 200 "* ]]
SCRIPT
USER 10000:10000
WORKDIR /app

FROM run AS backend
COPY --from=build /out/backend /usr/local/bin/backend
COPY nats /app/nats
COPY data /app/data
EXPOSE 7400
HEALTHCHECK --interval=5s --timeout=3s --retries=20 CMD ["healthy", "7400"]
ENTRYPOINT ["backend"]
CMD ["all"]

FROM run AS waiting-room
COPY --from=build /out/waiting-room /usr/local/bin/waiting-room
EXPOSE 7401 7402
HEALTHCHECK --interval=5s --timeout=3s --retries=20 CMD ["healthy", "7401"]
ENTRYPOINT ["waiting-room"]
CMD ["serve"]
