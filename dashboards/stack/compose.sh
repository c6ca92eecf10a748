#!/bin/sh
# The stack as a whole: compose.sh up builds and starts it, compose.sh against EXPERIMENT measures
# what runs, compose.sh down removes all of it.
set -eu
cd "$(dirname "$0")/../.."
label=org.opencontainers.image.title=concurrency-testbed

# Says what is missing, and what there is without it.
refuse() {
  live=
  ! grep -q '^live:' Makefile || live='make live or '
  echo "error: $1; ${live}make demo runs without Docker" >&2
  exit 1
}

command -v docker >/dev/null || refuse 'Docker is not installed'
docker compose version >/dev/null 2>&1 || refuse 'Docker lacks the Compose plugin'
docker info >/dev/null 2>&1 || refuse 'the Docker engine does not answer, docker info says why'

up() {
  if ! docker compose up --build --detach --wait; then
    for service in $(docker compose ps --services --status exited); do
      docker compose logs --no-color --tail 12 "$service" >&2
    done
    echo 'error: the stack did not start, the lines above say why (a port that is taken: choose' \
      'another, as in make up WSGI_PORT=8101); make down removes what did start' >&2
    exit 1
  fi
  cat <<EOF
Locust      http://127.0.0.1:${LOCUST_PORT:-8089}   choose users, press start; Host is what to load:
            http://wsgi:8001 (${WSGI_PROFILE:-sync}), http://asgi:8002 (${ASGI_PROFILE:-uvloop}), or both at once
Grafana     http://127.0.0.1:${GRAFANA_PORT:-3000}
Prometheus  http://127.0.0.1:${PROMETHEUS_PORT:-9090}
make against EXP=tour measures what runs here and writes a report;
make down removes everything.
EOF
}

down() {
  docker compose --profile '*' down --volumes --remove-orphans --timeout 5
  # Of the image there is one of this name, and one without for each time it was built anew.
  for image in $(docker image ls --quiet --filter label="$label" | sort -u); do
    docker image rm --force "$image" >/dev/null
  done
}

against() {
  [ -n "$(docker compose ps --quiet exporter)" ] || { echo 'error: the stack does not run: make up starts it' >&2; exit 1; }
  results=${RESULTS:-results}
  mkdir -p "$results"
  archive=$(mktemp)
  trap 'rm -f "$archive"' EXIT
  docker compose run --rm --no-TTY against "$1" >"$archive"
  tar -xf "$archive" -C "$results"
  echo "open $(cd "$results" && pwd -P)/latest/report.html"
}

"$@"
