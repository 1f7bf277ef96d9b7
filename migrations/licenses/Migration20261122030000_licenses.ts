import { Migration } from '@mikro-orm/migrations';

/** Licences of tenants, and what a tenant is granted beside its policy for a while. */
export class Migration20261122030000_licenses extends Migration {
  override up(): void {
    // Terms are counted from the anchor. `over_at` is the end with its grace. Claims and signature are what was signed last.
    this.addSql(`
      create table licenses (
        id uuid primary key,
        tenant_id uuid not null references tenants (id),
        product text not null references license_products (name),
        plan text not null,
        policy_name text not null,
        policy_version integer not null,
        state text not null check (state in ('active', 'suspended', 'revoked', 'superseded')),
        serial integer not null check (serial > 0),
        kid text not null references license_keys (kid),
        is_test boolean not null,
        is_trial boolean not null,
        binding text[],
        anchor_at timestamptz(0) not null,
        terms integer not null check (terms >= 0),
        starts_at timestamptz(0) not null,
        expires_at timestamptz(0) check (expires_at > starts_at),
        over_at timestamptz(0) check (over_at >= expires_at),
        issued_at timestamptz(0) not null,
        claims text,
        signature bytea,
        key_index bytea unique,
        sealed_key bytea,
        transferred_from uuid references licenses (id),
        created_at timestamptz(3) not null default clock_timestamp(),
        created_by uuid,
        foreign key (policy_name, policy_version) references license_policies (name, version),
        check ((expires_at is null) = (over_at is null)),
        check (claims is not null or state in ('revoked', 'superseded'))
      )`);
    this.addSql(`create index licenses_of_tenant on licenses (tenant_id, created_at)`);
    this.addSql(`create index licenses_by_age on licenses (created_at, id)`);
    this.addSql(`create index licenses_by_end on licenses (expires_at, id) where state in ('active', 'suspended')`);
    this.addSql(`create index licenses_of_key on licenses (kid) where state in ('active', 'suspended')`);
    this.addSql(`
      create table license_overrides (
        license_id uuid not null references licenses (id),
        name text not null,
        entitlement jsonb not null,
        until timestamptz(0),
        set_at timestamptz(3) not null default clock_timestamp(),
        set_by uuid,
        primary key (license_id, name)
      )`);
    this.addSql(`create index license_overrides_due on license_overrides (until) where until is not null`);
  }
}
