#!/bin/sh
# Creates Temporal's two databases and brings their schemas to this server version. Running it again changes nothing.
set -eu
for database in temporal temporal_visibility; do
  case "$database" in
    temporal) schema=temporal ;;
    *) schema=visibility ;;
  esac
  sql() {
    temporal-sql-tool --plugin postgres12 --endpoint "$POSTGRES_SEEDS" --port "$DB_PORT" \
      --user "$POSTGRES_USER" --password "$POSTGRES_PWD" --database "$database" "$@"
  }
  # Each says "already exists" with an error on the second run; what counts is that the update at the end succeeds.
  sql create --defaultdb postgres || echo "database $database: there already"
  sql setup-schema --version 0.0 || echo "schema of $database: there already"
  sql update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/$schema/versioned"
done
