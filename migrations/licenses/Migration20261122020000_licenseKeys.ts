import { Migration } from '@mikro-orm/migrations';

/** The keys that sign licences, per product, and what is revoked. */
export class Migration20261122020000_licenseKeys extends Migration {
  override up(): void {
    // A key signs from its moment on until a later one does; its private half rests sealed and goes when it is retired.
    this.addSql(`
      create table license_keys (
        kid text primary key,
        product text not null references license_products (name),
        public_key bytea not null check (octet_length(public_key) = 32),
        sealed_private bytea,
        signs_from timestamptz(3) not null,
        retired_at timestamptz(3),
        compromised_at timestamptz(3),
        created_at timestamptz(3) not null default clock_timestamp(),
        check (sealed_private is not null or retired_at is not null),
        check (compromised_at is null or retired_at is not null)
      )`);
    this.addSql(`create index license_keys_of_product on license_keys (product, signs_from)`);
    // The list that was issued last; it is behind when its number is.
    this.addSql(`
      alter table license_products
        add column list_number bigint,
        add column list_kid text references license_keys (kid),
        add column list_text text,
        add column list_issued_at timestamptz(3)`);
    this.addSql(`
      create table license_revocations (
        license_id uuid primary key,
        product text not null references license_products (name),
        serial integer check (serial > 0),
        reason text not null,
        at timestamptz(3) not null
      )`);
    this.addSql(`create index license_revocations_of_product on license_revocations (product, license_id)`);
  }
}
