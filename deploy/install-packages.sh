#!/usr/bin/env bash
# Installs the Debian packages of the programs that are missing here: java, redis-server, postgres, prometheus, nginx, wrk, faketime,
# curl, wget.
#
#   deploy/install-packages.sh java [redis-server] [postgres] [prometheus] [nginx] [wrk] [faketime] [curl] [wget]
set -euo pipefail

missing=()
for program in "$@"; do
  case $program in
    java) package=openjdk-17-jre-headless there=$(command -v java || true) ;;
    redis-server) package=redis-server there=$(command -v redis-server || true) ;;
    nginx) package=nginx-light there=$(command -v nginx || true) ;;
    # curl and wget are what the health checks of compose ask by
    wrk | faketime | curl | wget) package=$program there=$(command -v "$program" || true) ;;
    # Debian keeps the server out of PATH, one folder for each version
    postgres) package=postgresql there=$(command -v postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres' || true) ;;
    prometheus) package=prometheus there=$(command -v prometheus || true) ;;
    *)
      echo "error: $program is none of java, redis-server, postgres, prometheus, nginx, wrk, faketime, curl, wget" >&2
      exit 2
      ;;
  esac
  [ -n "$there" ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "error: install ${missing[*]} (the names are Debian's): there is no apt-get here to do it" >&2
  exit 1
fi
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
# slim images lack the folder that Java's package links its manual pages into
"${as_root[@]}" mkdir -p /usr/share/man/man1
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
"${as_root[@]}" rm -rf /var/lib/apt/lists/*
