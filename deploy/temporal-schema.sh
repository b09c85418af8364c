#!/bin/sh
# Brings Temporal's two databases to the schema of this release. Run by temporalio/admin-tools before the server; safe to repeat.
set -eu
for pair in temporal:temporal temporal_visibility:visibility; do
  database=${pair%%:*}
  tool() { temporal-sql-tool --plugin postgres12 --ep "$POSTGRES_SEEDS" -p "$DB_PORT" -u "$POSTGRES_USER" --db "$database" "$@"; }
  # Both fail when it is there already, which the update after them finds out.
  tool create-database || true
  tool setup-schema -v 0.0 || true
  tool update-schema -d "/etc/temporal/schema/postgresql/v12/${pair##*:}/versioned"
done
