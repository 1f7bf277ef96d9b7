import { Migration } from '@mikro-orm/migrations';
import { taskKinds } from '#contracts/tasks.ts';

/**
 * Backups of tenants: what plans promise, how far each tenant is protected, every backup with what became of it, and the runs over all
 * tenants of a plan. Ids, times, counts and digests only: what tables and files are called lies sealed with the backup.
 */
export class Migration20261122100000_backups extends Migration {
  override up(): void {
    this.addSql(`
      create table backup_policies (
        plan text primary key references plans (name),
        version integer not null default 1,
        rules jsonb not null,
        next_at timestamptz(3),
        paused_at timestamptz(3),
        paused_by uuid,
        pause_reason text,
        updated_at timestamptz(3) not null default now(),
        check ((paused_at is null) = (pause_reason is null))
      )`);
    this.addSql(`create index backup_policies_due on backup_policies (next_at) where next_at is not null`);

    // One row for each tenant that is, or was, to be backed up: what the fleet's page is drawn from.
    this.addSql(`
      create table tenant_backups (
        tenant_id uuid primary key references tenants (id),
        since timestamptz(3) not null default now(),
        last_id uuid,
        last_at timestamptz(3),
        failures integer not null default 0,
        failed_at timestamptz(3),
        failure_code text,
        failure text,
        paused_at timestamptz(3),
        paused_by uuid,
        pause_reason text,
        alarm text check (alarm in ('failing', 'stale', 'never')),
        alarmed_at timestamptz(3),
        looked_at timestamptz(3),
        check ((paused_at is null) = (pause_reason is null))
      )`);
    this.addSql(`create index tenant_backups_by_age on tenant_backups (last_at)`);
    this.addSql(`create index tenant_backups_to_look_at on tenant_backups (looked_at nulls first)`);

    this.addSql(`
      create table backups (
        id uuid primary key,
        tenant_id uuid not null references tenants (id),
        run_id uuid not null references runs (id),
        cause text not null check (cause in ('schedule', 'asked', 'before_restore')),
        state text not null default 'writing' check (state in ('writing', 'kept', 'discarded', 'removing', 'removed')),
        started_at timestamptz(3) not null default now(),
        at timestamptz(3),
        finished_at timestamptz(3),
        skew_ms integer,
        fence_ms integer,
        schema_version integer,
        digest bytea,
        sources jsonb not null default '[]',
        rows bigint,
        objects bigint,
        bytes bigint,
        stored_bytes bigint,
        locked_until timestamptz(3),
        verified_at timestamptz(3),
        verified_as text check (verified_as in ('good', 'bad')),
        refusal_code text,
        refusal text,
        proven_at timestamptz(3),
        removed_because text,
        remove_at timestamptz(3),
        remove_failure text,
        removed_at timestamptz(3),
        check (state <> 'kept' or at is not null),
        check ((verified_at is null) = (verified_as is null))
      )`);
    this.addSql(`create index backups_of_tenant on backups (tenant_id, at desc)`);
    this.addSql(`create index backups_of_run on backups (run_id)`);
    this.addSql(`
      create unique index backups_one_writing on backups (run_id) where state = 'writing'`);
    this.addSql(`
      create index backups_to_remove on backups (remove_at) where state in ('discarded', 'removing')`);

    this.addSql(`
      create table fleet_backups (
        run_id uuid primary key references runs (id),
        plan text not null references plans (name),
        cause text not null check (cause in ('schedule', 'catch_up', 'asked')),
        due_at timestamptz(3) not null,
        window_seconds integer not null check (window_seconds >= 0)
      )`);
    this.addSql(`create index fleet_backups_of_plan on fleet_backups (plan, due_at desc)`);
    this.addSql(`
      create table fleet_backup_tenants (
        run_id uuid not null references fleet_backups (run_id),
        tenant_id uuid not null references tenants (id),
        slot_at timestamptz(3) not null,
        state text not null default 'pending' check (state in ('pending', 'running', 'done', 'failed', 'passed')),
        backup_run_id uuid references runs (id),
        reason_code text,
        finished_at timestamptz(3),
        primary key (run_id, tenant_id)
      )`);
    this.addSql(`
      create index fleet_backup_tenants_ahead on fleet_backup_tenants (run_id, slot_at) where state in ('pending', 'running')`);

    // The vocabulary comes from the contracts, whoever added to it.
    this.addSql(`alter table tasks drop constraint tasks_kind_check`);
    this.addSql(
      `alter table tasks add constraint tasks_kind_check check (kind in (${taskKinds.map((kind) => `'${kind}'`).join(', ')}))`,
    );
  }
}
