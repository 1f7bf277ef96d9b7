import { Migration } from '@mikro-orm/migrations';

/** Tenants that go to another installation, and that come from one. Keys are sealed, by the request's or by the platform's own. */
export class Migration20261122161000_arrivals extends Migration {
  override up(): void {
    this.addSql(`
      create table hand_overs (
        id uuid primary key,
        tenant_id uuid not null references tenants (id),
        backup_id uuid not null references backups (id),
        installation_id uuid not null,
        fingerprint text not null,
        file text not null,
        created_at timestamptz(3) not null default now()
      )`);
    this.addSql(`create index hand_overs_of_tenant on hand_overs (tenant_id, created_at desc)`);
    this.addSql(`
      create table arrivals (
        id uuid primary key,
        public_key text not null,
        sealed_private bytea,
        created_at timestamptz(3) not null default now(),
        expires_at timestamptz(3) not null,
        withdrawn_at timestamptz(3),
        origin_installation uuid,
        origin_tenant uuid,
        backup_id uuid,
        key_id uuid,
        sealed_key bytea,
        signers jsonb,
        signer_kid text,
        tenant_id uuid references tenants (id),
        run_id uuid references runs (id),
        check ((run_id is null) = (origin_tenant is null))
      )`);
    this.addSql(`create index arrivals_of_origin on arrivals (origin_tenant) where origin_tenant is not null`);
    this.addSql(`create index arrivals_of_tenant on arrivals (tenant_id) where tenant_id is not null`);
    this.addSql(`alter table restores alter column source_tenant_id drop not null`);
    this.addSql(`alter table restores alter column backup_id drop not null`);
    this.addSql(`alter table restores add column arrival_id uuid references arrivals (id)`);
    this.addSql(
      `alter table restores add constraint restores_one_source check (
         (arrival_id is null) = (backup_id is not null) and (arrival_id is null) = (source_tenant_id is not null))`,
    );
  }
}
