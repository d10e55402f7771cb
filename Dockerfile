# syntax=docker/dockerfile:1

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /web ./cmd/web && mkdir /data

# No shell, no package manager, no root. PostgreSQL is not in it: DATABASE_URL
# says where one is.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /web /web
COPY --from=build --chown=nonroot:nonroot /data /data
ENV DATA_DIR=/data LOG_FORMAT=json
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/web"]
