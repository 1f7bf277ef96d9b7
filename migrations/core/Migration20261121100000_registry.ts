import { Migration } from '@mikro-orm/migrations';

/** The registry: tenants, their addresses, keys and resources; runs and their steps (the ledger); events; people. */
export class Migration20261121100000_registry extends Migration {
  override up(): void {
    this.addSql(`create extension if not exists pg_trgm`);

    this.addSql(`
      create table installations (
        only_one boolean primary key default true check (only_one),
        id uuid not null unique,
        sealed_root bytea not null,
        master_key_id text not null,
        cluster_id text,
        namespace_id text,
        created_at timestamptz not null default now()
      )`);

    this.addSql(`
      create table blueprints (
        name text not null,
        version integer not null check (version > 0),
        steps jsonb not null,
        created_at timestamptz not null default now(),
        primary key (name, version)
      )`);
    this.addSql(`
      create table plans (
        name text primary key,
        title text not null,
        tier text not null check (tier in ('pool', 'schema', 'database')),
        blueprint_name text not null,
        blueprint_version integer not null,
        created_at timestamptz not null default now(),
        foreign key (blueprint_name, blueprint_version) references blueprints (name, version)
      )`);

    this.addSql(`
      create table data_stores (
        id uuid primary key,
        ordinal integer not null unique,
        region text not null,
        database_name text not null unique,
        state text not null check (state in ('opening', 'open', 'closed')),
        max_tenants integer not null check (max_tenants > 0),
        tenant_count integer not null default 0 check (tenant_count >= 0),
        created_at timestamptz not null default now()
      )`);

    this.addSql(`
      create table tenants (
        id uuid primary key,
        name text not null,
        search_text text not null,
        external_id text,
        labels jsonb not null default '{}',
        plan text not null references plans (name),
        region text not null,
        state text not null check (state in ('provisioning', 'active', 'suspended', 'offboarding', 'erased', 'rolled_back')),
        attention boolean not null default false,
        admin_sealed bytea,
        latest_run_id uuid,
        version integer not null default 1,
        created_at timestamptz(3) not null default now(),
        updated_at timestamptz not null default now()
      )`);
    this.addSql(`
      create unique index tenants_external_id on tenants (external_id)
        where external_id is not null and state not in ('erased', 'rolled_back')`);
    this.addSql(`create index tenants_newest on tenants (created_at desc, id desc)`);
    this.addSql(`create index tenants_by_name on tenants (search_text, id)`);
    this.addSql(`create index tenants_search on tenants using gin (search_text gin_trgm_ops)`);
    this.addSql(`create index tenants_labels on tenants using gin (labels jsonb_path_ops)`);

    this.addSql(`
      create table tenant_addresses (
        id uuid primary key,
        tenant_id uuid not null references tenants (id),
        slug text not null check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(slug) between 2 and 39),
        state text not null check (state in ('current', 'redirect', 'held', 'released')),
        held_until timestamptz,
        created_at timestamptz not null default now(),
        released_at timestamptz
      )`);
    this.addSql(`create unique index tenant_addresses_taken on tenant_addresses (slug) where state <> 'released'`);
    this.addSql(`create unique index tenant_addresses_current on tenant_addresses (tenant_id) where state = 'current'`);
    this.addSql(`create index tenant_addresses_tenant on tenant_addresses (tenant_id)`);
    this.addSql(`create index tenant_addresses_search on tenant_addresses using gin (slug gin_trgm_ops)`);

    this.addSql(`
      create table tenant_keys (
        id uuid primary key,
        tenant_id uuid not null unique references tenants (id),
        wrapped bytea,
        created_at timestamptz not null default now(),
        shredded_at timestamptz
      )`);

    this.addSql(`
      create table runs (
        id uuid primary key,
        kind text not null,
        tenant_id uuid references tenants (id),
        state text not null check (state in ('queued', 'running', 'waiting', 'paused', 'rolling_back', 'succeeded', 'rolled_back', 'cancelled', 'needs_attention')),
        version integer not null default 1,
        epoch integer not null default 1,
        exclusive boolean not null,
        cancellable boolean not null,
        blueprint_name text,
        blueprint_version integer,
        parent_run_id uuid references runs (id),
        reason_code text,
        reason text,
        actor_id uuid,
        request_id text,
        workflow_id text not null unique,
        cluster_id text,
        namespace_id text,
        workflow_started_at timestamptz,
        cancel_requested_at timestamptz,
        cancel_requested_by uuid,
        cancel_delivered_at timestamptz,
        created_at timestamptz(3) not null default now(),
        started_at timestamptz,
        finished_at timestamptz,
        foreign key (blueprint_name, blueprint_version) references blueprints (name, version)
      )`);
    this.addSql(`
      create unique index runs_one_exclusive on runs (tenant_id)
        where exclusive and state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')`);
    this.addSql(`create index runs_newest on runs (created_at desc, id desc)`);
    this.addSql(`create index runs_of_tenant on runs (tenant_id, created_at desc)`);
    this.addSql(`
      create index runs_open on runs (created_at)
        where state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')`);

    this.addSql(`
      create table resources (
        id uuid primary key,
        tenant_id uuid not null references tenants (id),
        kind text not null,
        provider text not null,
        title text not null,
        position integer not null,
        external_id text,
        store_id uuid references data_stores (id),
        state text not null check (state in ('planned', 'ensuring', 'present', 'destroying', 'destroyed')),
        access text not null default 'open' check (access in ('open', 'suspended')),
        desired jsonb not null default '{}',
        observed jsonb,
        run_id uuid not null references runs (id),
        epoch integer not null,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      )`);
    this.addSql(`create index resources_of_tenant on resources (tenant_id, position)`);
    this.addSql(
      `create unique index resources_external_id on resources (provider, external_id) where external_id is not null`,
    );

    this.addSql(`
      create table run_steps (
        id uuid primary key,
        run_id uuid not null references runs (id),
        position integer not null,
        title text not null,
        kind text not null check (kind in ('fixed', 'resource', 'check', 'http', 'custom')),
        provider text not null,
        resource_id uuid references resources (id),
        act text not null,
        undo text,
        state text not null check (state in ('pending', 'running', 'waiting', 'done', 'failed', 'skipped', 'undoing', 'undone', 'undo_failed')),
        epoch integer not null default 1,
        attempt integer not null default 0,
        undo_attempt integer not null default 0,
        started_at timestamptz,
        finished_at timestamptz,
        reason_code text,
        reason text,
        unique (run_id, position)
      )`);

    this.addSql(`
      create table fences (
        resource_id uuid primary key,
        state text not null check (state in ('ensuring', 'present', 'destroying', 'destroyed')),
        run_id uuid not null,
        epoch integer not null,
        updated_at timestamptz not null default now()
      )`);

    this.addSql(`
      create table resource_secrets (
        resource_id uuid not null references resources (id),
        name text not null,
        sealed bytea not null,
        created_at timestamptz not null default now(),
        primary key (resource_id, name)
      )`);

    this.addSql(`
      create table realms (
        resource_id uuid primary key references resources (id),
        tenant_id uuid not null unique references tenants (id),
        tag text not null,
        access text not null check (access in ('open', 'suspended')),
        created_at timestamptz not null default now()
      )`);
    this.addSql(`
      create table realm_keys (
        id text primary key,
        realm_id uuid not null references realms (resource_id) on delete cascade,
        algorithm text not null,
        public_jwk jsonb not null,
        created_at timestamptz not null default now(),
        retired_at timestamptz
      )`);
    this.addSql(`create index realm_keys_of_realm on realm_keys (realm_id)`);

    this.addSql(`
      create table events (
        id bigint generated always as identity primary key,
        stream text not null,
        version integer not null,
        type text not null,
        schema_version integer not null default 1,
        tenant_id uuid,
        data jsonb not null,
        actor_id uuid,
        request_id text,
        trace_id text,
        created_at timestamptz not null default now(),
        delivered_at timestamptz,
        unique (stream, version)
      )`);
    this.addSql(`create index events_of_tenant on events (tenant_id, id)`);
    this.addSql(`create index events_undelivered on events (id) where delivered_at is null`);

    this.addSql(`
      create table users (
        id uuid primary key,
        email text not null unique check (email = lower(email)),
        password_hash text not null,
        role text not null,
        created_at timestamptz not null default now(),
        disabled_at timestamptz
      )`);
    this.addSql(`
      create table sessions (
        token_hash bytea primary key,
        user_id uuid not null references users (id) on delete cascade,
        created_at timestamptz not null default now(),
        last_seen_at timestamptz not null default now(),
        expires_at timestamptz not null
      )`);
    this.addSql(`create index sessions_of_user on sessions (user_id)`);
    this.addSql(`
      create table setup_links (
        token_hash bytea primary key,
        created_at timestamptz not null default now(),
        expires_at timestamptz not null,
        used_at timestamptz
      )`);

    this.addSql(`
      create table idempotency_keys (
        actor_id uuid not null,
        route text not null,
        key text not null,
        request_hash bytea not null,
        status integer,
        body jsonb,
        created_at timestamptz not null default now(),
        primary key (actor_id, route, key)
      )`);
    this.addSql(`create index idempotency_keys_age on idempotency_keys (created_at)`);

    const steps = JSON.stringify([
      { kind: 'resource', provider: 'database', title: 'Create the database' },
      { kind: 'resource', provider: 'realm', title: 'Create the sign-in realm' },
      { kind: 'resource', provider: 'storage', title: 'Create the storage bucket' },
      { kind: 'check', provider: 'tenant', title: 'Check that everything answers' },
    ]);
    this.addSql(`insert into blueprints (name, version, steps) values ('standard', 1, '${steps}')`);
    this.addSql(`
      insert into plans (name, title, tier, blueprint_name, blueprint_version)
        values ('standard', 'Standard', 'schema', 'standard', 1)`);
  }
}
