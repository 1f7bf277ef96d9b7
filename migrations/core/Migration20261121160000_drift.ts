import { Migration } from '@mikro-orm/migrations';

/** How resources differ from what was made: one row for each difference of a resource, kept when it is gone. */
export class Migration20261121160000_drift extends Migration {
  override up(): void {
    this.addSql(`
      create table drift_findings (
        id uuid primary key,
        resource_id uuid not null references resources (id),
        tenant_id uuid not null references tenants (id),
        what text not null,
        expected text not null,
        found text not null,
        repair text not null check (repair in ('mend', 'remake', 'none')),
        is_ghost boolean not null default false,
        state text not null check (state in ('open', 'repaired', 'accepted', 'gone')),
        first_seen_at timestamptz(3) not null default now(),
        last_seen_at timestamptz not null default now(),
        seen_by uuid not null references runs (id),
        accepted_reason text,
        accepted_until timestamptz,
        accepted_by uuid,
        repair_run_id uuid references runs (id),
        repair_reason text,
        closed_at timestamptz,
        unique (resource_id, what),
        check ((state = 'accepted') = (accepted_until is not null))
      )`);
    this.addSql(`create index drift_findings_newest on drift_findings (state, first_seen_at desc, id desc)`);
    this.addSql(`create index drift_findings_of_tenant on drift_findings (tenant_id)`);
  }
}
