import { Migration } from '@mikro-orm/migrations';

/**
 * Offboarding: how far it came, what was exported and by which links it is fetched, what forbids an erasure, and what is kept of a
 * tenant that is gone: ids, times and counts, never a name.
 */
export class Migration20261121193000_offboarding extends Migration {
  override up(): void {
    this.addSql(`alter table plans add column grace_days integer check (grace_days between 0 and 3650)`);
    // Mails that wait go with the tenant that they are about.
    this.addSql(`alter table mails add column if not exists tenant_id uuid references tenants (id)`);
    this.addSql(`create index if not exists mails_of_tenant on mails (tenant_id) where tenant_id is not null`);
    this.addSql(`create index tenant_addresses_held on tenant_addresses (held_until) where state = 'held'`);

    this.addSql(`
      create table offboardings (
        run_id uuid primary key references runs (id),
        tenant_id uuid not null references tenants (id),
        state_before text not null check (state_before in ('active', 'suspended')),
        closed_resources uuid[] not null,
        grace_days integer not null check (grace_days between 0 and 3650),
        requested_by uuid,
        requested_at timestamptz(3) not null default now(),
        grace_ends_at timestamptz(3),
        erasing_at timestamptz(3),
        closed_at timestamptz(3),
        outcome text check (outcome in ('undone', 'erased', 'left')),
        check ((closed_at is null) = (outcome is null))
      )`);
    this.addSql(`create unique index offboardings_one_open on offboardings (tenant_id) where closed_at is null`);
    this.addSql(`create index offboardings_of_tenant on offboardings (tenant_id, requested_at desc)`);

    this.addSql(`
      create table tenant_exports (
        id uuid primary key,
        tenant_id uuid not null references tenants (id),
        run_id uuid not null references runs (id),
        manifest_digest bytea,
        files integer,
        rows bigint,
        bytes bigint,
        created_at timestamptz(3) not null default now(),
        verified_at timestamptz(3),
        removed_at timestamptz(3)
      )`);
    this.addSql(`create index tenant_exports_of_tenant on tenant_exports (tenant_id, created_at desc)`);
    this.addSql(`
      create table export_links (
        id uuid primary key,
        export_id uuid not null references tenant_exports (id),
        token_hash bytea not null unique,
        created_by uuid,
        created_at timestamptz(3) not null default now(),
        expires_at timestamptz(3) not null,
        revoked_at timestamptz(3)
      )`);
    this.addSql(`create index export_links_of_export on export_links (export_id, created_at desc)`);
    this.addSql(`
      create table export_downloads (
        id uuid primary key,
        link_id uuid not null references export_links (id),
        ticket_hash bytea not null unique,
        created_at timestamptz(3) not null default now(),
        begun_at timestamptz(3),
        finished_at timestamptz(3)
      )`);
    this.addSql(`create index export_downloads_of_link on export_downloads (link_id)`);

    this.addSql(`
      create table legal_holds (
        id uuid primary key,
        tenant_id uuid not null references tenants (id),
        sealed_reason bytea,
        set_by uuid,
        set_at timestamptz(3) not null default now(),
        lifted_by uuid,
        lifted_at timestamptz(3)
      )`);
    this.addSql(`create unique index legal_holds_one_open on legal_holds (tenant_id) where lifted_at is null`);

    this.addSql(`
      create table erasures (
        tenant_id uuid primary key references tenants (id),
        run_id uuid not null references runs (id),
        cause text not null check (cause in ('offboarding', 'removal')),
        begun_at timestamptz(3) not null default now(),
        counts_before jsonb not null,
        counts_after jsonb,
        erased_at timestamptz(3),
        shred_run_id uuid references runs (id),
        key_destroyed_at timestamptz(3),
        certificate jsonb,
        certificate_digest bytea,
        ledger_number bigint,
        certified_at timestamptz(3)
      )`);
  }
}
