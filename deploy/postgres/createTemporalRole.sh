#!/bin/sh
# Runs once, when PostgreSQL's volume is new: Temporal gets a role of its own that cannot see Tenantry's databases.
# (Existing volume: run the same statement by hand.)
set -eu
psql --set ON_ERROR_STOP=1 --set password="$TEMPORAL_DATABASE_PASSWORD" \
  --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
create role temporal login createdb nosuperuser nocreaterole password :'password';
SQL
