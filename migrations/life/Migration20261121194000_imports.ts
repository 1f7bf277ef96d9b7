import { Migration } from '@mikro-orm/migrations';

/**
 * Files of tenants to be made: the bytes as they arrived, sealed; each line with what was found and what became of it; and which tenant
 * came of which line of which file, which outlives both, so that the same file makes nothing twice.
 */
export class Migration20261121194000_imports extends Migration {
  override up(): void {
    this.addSql(`
      create table imports (
        id uuid primary key,
        run_id uuid references runs (id),
        state text not null check (state in ('uploading', 'checking', 'ready', 'creating', 'inviting', 'done', 'incomplete',
                                             'checked', 'refused', 'cancelled', 'expired')),
        file_name text not null,
        format text not null check (format in ('csv', 'json')),
        options jsonb not null,
        bytes bigint,
        digest bytea,
        line_count integer,
        problems jsonb not null default '[]',
        check_token uuid,
        skips_invalid boolean not null default false,
        invites boolean not null,
        created_by uuid,
        created_at timestamptz(3) not null default now(),
        checked_at timestamptz,
        started_at timestamptz,
        started_by uuid,
        finished_at timestamptz,
        expires_at timestamptz,
        cleared_at timestamptz
      )`);
    this.addSql(`create index imports_newest on imports (created_at desc, id desc)`);
    this.addSql(`create index imports_kept on imports (created_at) where cleared_at is null`);
    this.addSql(`
      create table import_chunks (
        import_id uuid not null references imports (id) on delete cascade,
        number integer not null,
        sealed bytea not null,
        primary key (import_id, number)
      )`);
    this.addSql(`
      create table import_lines (
        import_id uuid not null references imports (id) on delete cascade,
        number integer not null,
        line integer not null,
        state text not null check (state in ('valid', 'invalid', 'existing', 'creating', 'created', 'failed')),
        sealed bytea,
        slug text,
        external_id text,
        plan text,
        region text,
        errors jsonb not null default '[]',
        tenant_id uuid references tenants (id),
        run_id uuid references runs (id),
        attempts integer not null default 0,
        reason_code text,
        reason text,
        updated_at timestamptz not null default now(),
        primary key (import_id, number)
      )`);
    this.addSql(`create index import_lines_by_state on import_lines (import_id, state, number)`);
    this.addSql(`create index import_lines_by_slug on import_lines (import_id, slug) where slug is not null`);
    this.addSql(
      `create index import_lines_by_external_id on import_lines (import_id, external_id) where external_id is not null`,
    );
    this.addSql(`
      create table import_origins (
        digest bytea not null,
        number integer not null,
        tenant_id uuid not null references tenants (id),
        primary key (digest, number)
      )`);
    this.addSql(`create index import_origins_of_tenant on import_origins (tenant_id)`);
    // What follows up a run is looked for whenever doors open.
    this.addSql(`create index runs_of_parent on runs (parent_run_id) where parent_run_id is not null`);
    this.addSql(`alter table run_progress add column per_second real`);
    // The mail to a tenant's administrator waits until somebody sends it: thousands at once cannot be taken back.
    this.addSql(`alter table tenants add column invitation_held boolean not null default false`);
  }
}
