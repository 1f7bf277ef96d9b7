import { Migration } from '@mikro-orm/migrations';

/**
 * Runs that belong to the platform and to no tenant: one of each kind at a time, or one for each thing it is about. What a long
 * run has come to is a row of its own, so that it is seen while it runs and a run that was killed goes on where it was.
 */
export class Migration20261121155000_platformRuns extends Migration {
  override up(): void {
    this.addSql(`alter table runs add column subject_id uuid`);
    this.addSql(`
      create unique index runs_one_platform on runs (kind, tenant_id, subject_id) nulls not distinct
        where (tenant_id is null or kind = 'checkDrift')
          and state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')`);
    this.addSql(`
      create table run_progress (
        run_id uuid primary key references runs (id),
        place text,
        done integer not null default 0,
        total integer,
        found integer not null default 0,
        skipped jsonb not null default '[]',
        updated_at timestamptz not null default now()
      )`);
  }
}
