import { Migration } from '@mikro-orm/migrations';

/**
 * Tenant migrations over the whole fleet: which there are, where each tenant stands, and what a run means to do and has done, wave by
 * wave. What was applied is true in the tenant's own schema; these rows are what is shown and chosen by.
 */
export class Migration20261121195000_fleet extends Migration {
  override up(): void {
    // What the workers' folder holds, as the newest worker read it.
    this.addSql(`
      create table migration_catalogue (
        only_one boolean primary key default true check (only_one),
        migrations jsonb not null default '[]',
        digest text not null,
        problem text,
        read_at timestamptz(3) not null default now()
      )`);
    // What went out once is never edited: the first checksum of each number stays.
    this.addSql(`
      create table released_migrations (
        number integer primary key check (number > 0),
        name text not null,
        checksum text not null,
        released_at timestamptz(3) not null default now()
      )`);
    this.addSql(`
      create table tenant_versions (
        tenant_id uuid primary key references tenants (id),
        version integer not null check (version >= 0),
        updated_at timestamptz(3) not null default now()
      )`);
    this.addSql(`create index tenant_versions_by_version on tenant_versions (version, tenant_id)`);

    this.addSql(`
      create table fleet_runs (
        run_id uuid primary key references runs (id),
        target integer not null check (target > 0),
        migrations jsonb not null,
        settings jsonb not null,
        only_tenants uuid[],
        wave integer not null default 0,
        budget integer,
        forgiven integer not null default 0,
        late_since timestamptz(3)
      )`);
    this.addSql(`
      create table fleet_waves (
        run_id uuid not null references fleet_runs (run_id),
        number integer not null,
        title text not null,
        step_id uuid not null references run_steps (id),
        soak_seconds integer not null check (soak_seconds >= 0),
        approval boolean not null,
        state text not null default 'pending' check (state in ('pending', 'running', 'soaking', 'waiting', 'done')),
        started_at timestamptz(3),
        worked_until timestamptz(3),
        soak_until timestamptz(3),
        finished_at timestamptz(3),
        primary key (run_id, number)
      )`);
    this.addSql(`
      create table fleet_tenants (
        run_id uuid not null references fleet_runs (run_id),
        tenant_id uuid not null references tenants (id),
        wave integer not null,
        state text not null default 'pending'
          check (state in ('pending', 'deferred', 'migrated', 'quarantined', 'left', 'gone')),
        from_version integer,
        version integer,
        attempts integer not null default 0,
        reason_code text,
        reason text,
        milliseconds integer,
        retry_at timestamptz(3),
        finished_at timestamptz(3),
        primary key (run_id, tenant_id)
      )`);
    this.addSql(`
      create index fleet_tenants_ahead on fleet_tenants (run_id, wave, tenant_id) where state in ('pending', 'deferred')`);
    this.addSql(`create index fleet_tenants_by_state on fleet_tenants (run_id, state, tenant_id)`);

    this.addSql(`
      create table quarantined_tenants (
        tenant_id uuid primary key references tenants (id),
        run_id uuid not null references fleet_runs (run_id),
        migration text,
        reason_code text not null,
        reason text not null,
        quarantined_at timestamptz(3) not null default now()
      )`);
  }
}
