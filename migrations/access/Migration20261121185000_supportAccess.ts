import { Migration } from '@mikro-orm/migrations';

/** Who of the platform acts for a tenant: asked for, consented to or done by breaking the glass, and over. */
export class Migration20261121185000_supportAccess extends Migration {
  override up(): void {
    this.addSql(`
      create table support_accesses (
        id uuid primary key,
        tenant_id uuid not null references tenants (id),
        person_id uuid not null references users (id),
        kind text not null check (kind in ('consent', 'break_glass')),
        state text not null check (state in ('asked', 'running', 'refused', 'expired', 'ended')),
        sealed_reason bytea not null,
        sealed_acting_as bytea,
        minutes smallint not null check (minutes between 5 and 1440),
        asked_at timestamptz(3) not null default now(),
        token_hash bytea unique,
        answer_until timestamptz,
        answered_at timestamptz,
        ends_at timestamptz,
        ended_at timestamptz,
        ended_by text check (ended_by in ('time', 'person', 'platform', 'tenant', 'tenant_closed'))
      )`);
    this.addSql(`
      create unique index support_accesses_one_open on support_accesses (tenant_id, person_id)
        where state in ('asked', 'running')`);
    this.addSql(`create index support_accesses_by_age on support_accesses (asked_at desc, id desc)`);
    this.addSql(`create index support_accesses_of_tenant on support_accesses (tenant_id, asked_at desc)`);
    this.addSql(`
      create index support_accesses_open on support_accesses (coalesce(ends_at, answer_until))
        where state in ('asked', 'running')`);
    this.addSql(`alter table sessions add column support_access_id uuid references support_accesses (id)`);
    this.addSql(`
      create index sessions_acting on sessions (support_access_id) where support_access_id is not null`);
  }
}
