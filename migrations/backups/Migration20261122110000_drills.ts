import { Migration } from '@mikro-orm/migrations';
import { taskKinds } from '#contracts/tasks.ts';

/** Drills: backups that were restored into a throw-away database, and what was seen there. Counts and times only. */
export class Migration20261122110000_drills extends Migration {
  override up(): void {
    this.addSql(`
      create table backup_drills (
        id uuid primary key,
        tenant_id uuid not null references tenants (id),
        run_id uuid not null unique references runs (id),
        backup_id uuid not null references backups (id),
        cause text not null check (cause in ('schedule', 'asked')),
        state text not null default 'running' check (state in ('running', 'proven', 'failed', 'cancelled')),
        started_at timestamptz(3) not null default now(),
        finished_at timestamptz(3),
        backup_at timestamptz(3) not null,
        rpo_target_seconds integer not null,
        rto_target_ms bigint not null,
        rto_ms bigint,
        restore_ms integer,
        proof jsonb,
        reason_code text,
        reason text,
        check ((state = 'running') = (finished_at is null)),
        check (state <> 'proven' or (proof is not null and rto_ms is not null))
      )`);
    this.addSql(`create index backup_drills_of_tenant on backup_drills (tenant_id, started_at desc)`);
    this.addSql(`create unique index backup_drills_one_running on backup_drills (tenant_id) where state = 'running'`);
    this.addSql(`alter table tasks drop constraint tasks_kind_check`);
    this.addSql(
      `alter table tasks add constraint tasks_kind_check check (kind in (${taskKinds.map((kind) => `'${kind}'`).join(', ')}))`,
    );
  }
}
