import { Migration } from '@mikro-orm/migrations';
import { backupCauses } from '#contracts/backups/backups.ts';
import { taskKinds } from '#contracts/tasks.ts';

const listOf = (all: readonly string[]): string => all.map((one) => `'${one}'`).join(', ');

/** One tenant out of the whole server as it was at a moment; and what each base backup reaches, as the last check of the archive found it. */
export class Migration20261122190000_recoveries extends Migration {
  override up(): void {
    this.addSql(`
      create table recoveries (
        run_id uuid primary key references runs (id),
        tenant_id uuid not null references tenants (id),
        at timestamptz(3) not null,
        mode text not null check (mode in ('copy', 'beside', 'in_place')),
        sealed_wish bytea,
        base_id uuid,
        bytes bigint,
        brought_back bigint not null default 0,
        reached_at timestamptz(3),
        proof jsonb,
        restore_run_id uuid references runs (id),
        created_at timestamptz(3) not null default now()
      )`);
    this.addSql(`create index recoveries_of_tenant on recoveries (tenant_id, created_at desc)`);
    this.addSql(`create index recoveries_newest on recoveries (created_at desc)`);
    this.addSql(`alter table archive_checks add column windows jsonb not null default '[]'`);
    // The vocabulary comes from the contracts.
    this.addSql(`alter table backups drop constraint backups_cause_check`);
    this.addSql(`alter table backups add constraint backups_cause_check check (cause in (${listOf(backupCauses)}))`);
    this.addSql(`alter table tasks drop constraint tasks_kind_check`);
    this.addSql(`alter table tasks add constraint tasks_kind_check check (kind in (${listOf(taskKinds)}))`);
  }
}
