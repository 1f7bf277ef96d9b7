import { Migration } from '@mikro-orm/migrations';

/** What a drill's checks said also where they made it fail; and drills of many tenants by one run. */
export class Migration20261122131000_drillFleets extends Migration {
  override up(): void {
    this.addSql(`alter table backup_drills add column checks jsonb`);
    this.addSql(`
      create table fleet_drills (
        run_id uuid primary key references runs (id),
        plan text references plans (name)
      )`);
    this.addSql(`
      create table fleet_drill_tenants (
        run_id uuid not null references fleet_drills (run_id),
        tenant_id uuid not null references tenants (id),
        position integer not null,
        state text not null default 'pending' check (state in ('pending', 'running', 'done', 'failed', 'passed')),
        drill_run_id uuid references runs (id),
        reason_code text,
        finished_at timestamptz(3),
        primary key (run_id, tenant_id)
      )`);
    this.addSql(`
      create index fleet_drill_tenants_ahead on fleet_drill_tenants (run_id, position) where state in ('pending', 'running')`);
  }
}
