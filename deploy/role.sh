#!/bin/sh
# Becomes the process of a role. `exec`, so that it gets the signals itself: SIGTERM drains and ends it.
set -eu
role="${1:-api}"
case "$role" in
  api) exec node --import ./observability/register.ts api/main.ts ;;
  worker) exec node --import ./observability/register.ts workers/main.ts ;;
  migrate) exec node local/migrate.ts ;;
  tenantry) shift && exec node cli/main.ts "$@" ;;
  *)
    echo "Tenantry has the roles api, worker and migrate, and the command tenantry; \"$role\" is none of them." >&2
    exit 64
    ;;
esac
