import { Migration } from '@mikro-orm/migrations';

/** Suspensions with their times, renames with the addresses they leave behind, and runs that can be taken back. */
export class Migration20261121192000_suspension extends Migration {
  override up(): void {
    this.addSql(`
      create table suspensions (
        id uuid primary key,
        tenant_id uuid not null references tenants (id),
        state text not null check (state in ('planned', 'effective', 'ended', 'withdrawn', 'missed', 'failed')),
        starts_at timestamptz(3) not null,
        ends_at timestamptz(3) check (ends_at > starts_at),
        sealed_reason bytea not null,
        notice text,
        -- What it closed, which is what the resumption opens: what was closed before stays so.
        closed_resources uuid[] not null default '{}',
        asked_by uuid,
        asked_at timestamptz(3) not null default now(),
        began_at timestamptz(3),
        ended_at timestamptz(3),
        why text,
        -- When what could not be begun at its time is tried again.
        try_after timestamptz,
        run_id uuid references runs (id),
        resume_run_id uuid references runs (id)
      )`);
    this.addSql(`
      create unique index suspensions_one_open on suspensions (tenant_id) where state in ('planned', 'effective')`);
    this.addSql(`create index suspensions_of_tenant on suspensions (tenant_id, asked_at desc)`);
    this.addSql(`
      create index suspensions_due on suspensions (coalesce(case when state = 'planned' then starts_at end, ends_at))
        where state in ('planned', 'effective')`);

    this.addSql(`
      create table renames (
        run_id uuid primary key references runs (id),
        tenant_id uuid not null references tenants (id),
        from_slug text not null,
        to_slug text not null,
        redirect_days integer not null check (redirect_days >= 0)
      )`);
    this.addSql(`create index renames_of_tenant on renames (tenant_id)`);
    this.addSql(`alter table tenant_addresses add column reserved_by uuid references runs (id)`);
    this.addSql(`
      create index tenant_addresses_due on tenant_addresses (held_until) where state in ('redirect', 'held')`);

    this.addSql(`
      alter table runs add column reversible_until timestamptz(3), add column reverse_of uuid references runs (id)`);
    // One at a time; after one that came to nothing, another may be tried.
    this.addSql(`
      create unique index runs_one_reverse on runs (reverse_of)
        where reverse_of is not null and state not in ('rolled_back', 'cancelled', 'needs_attention')`);
  }
}
