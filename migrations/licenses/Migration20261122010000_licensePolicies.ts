import { Migration } from '@mikro-orm/migrations';

/** Licence policies that nobody can rewrite, and plans that point at a version of one. */
export class Migration20261122010000_licensePolicies extends Migration {
  override up(): void {
    this.addSql(`
      create table license_products (
        name text primary key,
        created_at timestamptz(3) not null default now(),
        revocation_number bigint not null default 0 check (revocation_number >= 0)
      )`);
    this.addSql(`
      create table license_policies (
        name text not null,
        version integer not null check (version > 0),
        product text not null references license_products (name),
        rules jsonb not null,
        created_by uuid,
        created_at timestamptz(3) not null default now(),
        primary key (name, version)
      )`);
    this.addSql(`
      create function refuse_policy_rewriting() returns trigger language plpgsql as $$
      begin
        raise exception 'a version of a licence policy is never rewritten' using errcode = 'integrity_constraint_violation';
      end $$`);
    this.addSql(`
      create trigger license_policies_immutable before update or delete on license_policies
      for each row execute function refuse_policy_rewriting()`);
    this.addSql(`
      alter table plans
        add column license_policy_name text,
        add column license_policy_version integer,
        add foreign key (license_policy_name, license_policy_version) references license_policies (name, version),
        add check ((license_policy_name is null) = (license_policy_version is null))`);
  }
}
