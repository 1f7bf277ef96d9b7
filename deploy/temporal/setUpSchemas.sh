#!/bin/sh
# Creates Temporal's two databases and brings their schemas to this server version. Running it again changes nothing.
# Reads the variables of Temporal's own images; the tests run it against their PostgreSQL.
set -eu
schemas="${TEMPORAL_SCHEMA_DIR:-/etc/temporal/schema/postgresql/v12}"

set_up() {
  database="$1"
  versions="$schemas/$2/versioned"
  tool() {
    temporal-sql-tool --plugin postgres12 --endpoint "$POSTGRES_SEEDS" --port "$DB_PORT" \
      --user "$POSTGRES_USER" --password "$POSTGRES_PWD" --database "$database" "$@"
  }
  # On a second run both of these fail with "already exists"; what counts is that the update succeeds.
  tool create --defaultdb postgres || echo "database $database: there already"
  tool update-schema --schema-dir "$versions" && return
  tool setup-schema --version 0.0
  tool update-schema --schema-dir "$versions"
}

set_up "${DBNAME:-temporal}" temporal
set_up "${VISIBILITY_DBNAME:-temporal_visibility}" visibility
