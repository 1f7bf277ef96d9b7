import { Migration } from '@mikro-orm/migrations';
import { taskKinds } from '#contracts/tasks.ts';

/** What terms cost, how tenants pay, and each renewal of a licence with its payment. */
export class Migration20261122070000_licenseRenewals extends Migration {
  override up(): void {
    // What a term costs by a version of a policy, in minor units. The newest whose moment has come counts; none is rewritten.
    this.addSql(`
      create table license_prices (
        policy_name text not null,
        policy_version integer not null,
        currency text not null check (currency ~ '^[A-Z]{3}$'),
        amount bigint not null check (amount between 0 and 100000000000),
        valid_from timestamptz(3) not null default clock_timestamp(),
        set_by uuid,
        primary key (policy_name, policy_version, currency, valid_from),
        foreign key (policy_name, policy_version) references license_policies (name, version)
      )`);
    this.addSql(`
      create table billing_accounts (
        tenant_id uuid primary key references tenants (id),
        provider text not null check (provider in ('manual', 'stripe')),
        currency text check (currency ~ '^[A-Z]{3}$'),
        customer text,
        payment_method text,
        updated_at timestamptz(3) not null default clock_timestamp(),
        updated_by uuid,
        check (provider <> 'stripe' or (customer is not null and payment_method is not null))
      )`);
    // `prolongs` is the end of the term that the renewal follows: no term is followed by two. What is signed rests here until it is paid.
    this.addSql(`
      create table license_renewals (
        id uuid primary key,
        license_id uuid not null references licenses (id) on delete cascade,
        tenant_id uuid not null references tenants (id),
        run_id uuid not null references runs (id),
        kind text not null check (kind in ('renewal', 'co_term', 'upgrade')),
        cause text not null check (cause in ('asked', 'due')),
        state text not null check (state in ('open', 'done', 'taken_back')),
        prolongs timestamptz(0) not null,
        wanted jsonb not null,
        quote jsonb not null,
        anchor_at timestamptz(0) not null,
        terms integer not null check (terms >= 0),
        needs_approval boolean not null,
        approved_at timestamptz(3),
        quoted_at timestamptz(3) not null,
        quote_ends_at timestamptz(3) not null,
        signed_after integer,
        signed_kid text references license_keys (kid),
        signed_claims text,
        signature bytea,
        signed_at timestamptz(3),
        withdrawn_at timestamptz(3),
        activated_at timestamptz(3),
        delivered_at timestamptz(3),
        ended_at timestamptz(3),
        reason_code text,
        asked_by uuid,
        asked_at timestamptz(3) not null default clock_timestamp(),
        check ((state = 'open') = (ended_at is null)),
        check ((signed_claims is null) = (signature is null))
      )`);
    this.addSql(`create unique index license_renewals_open on license_renewals (license_id) where state = 'open'`);
    this.addSql(`
      create unique index license_renewals_of_term on license_renewals (license_id, prolongs)
      where state <> 'taken_back' and kind <> 'upgrade'`);
    this.addSql(`create unique index license_renewals_of_run on license_renewals (run_id)`);
    this.addSql(`create index license_renewals_of_license on license_renewals (license_id, asked_at)`);
    this.addSql(`create index license_renewals_of_tenant on license_renewals (tenant_id, asked_at)`);
    this.addSql(`create index license_renewals_by_age on license_renewals (asked_at, id)`);
    // One for each renewal that costs something; its id is the renewal's and the key under which it is asked for once.
    // Whoever has news of it writes `told_at`; a run that was not woken since is woken again.
    this.addSql(`
      create table renewal_payments (
        renewal_id uuid primary key references license_renewals (id) on delete cascade,
        tenant_id uuid not null references tenants (id),
        provider text not null check (provider in ('manual', 'stripe')),
        state text not null check (state in ('asked', 'authorised', 'capturing', 'captured', 'voided', 'declined')),
        currency text not null check (currency ~ '^[A-Z]{3}$'),
        amount bigint not null check (amount > 0),
        customer text,
        payment_method text,
        ref text,
        reference text,
        declined_code text,
        settled_as text check (settled_as in ('paid', 'declined')),
        settled_by uuid,
        asked_at timestamptz(3) not null default clock_timestamp(),
        told_at timestamptz(3),
        looked_at timestamptz(3),
        authorised_at timestamptz(3),
        captured_at timestamptz(3),
        voided_at timestamptz(3),
        unique (provider, ref)
      )`);
    this.addSql(`
      create index renewal_payments_told on renewal_payments (told_at) where state in ('asked', 'authorised', 'capturing')`);
    // Which messages of a payment service were taken: each counts once.
    this.addSql(`
      create table billing_messages (
        provider text not null,
        id text not null,
        type text not null,
        ref text,
        taken_at timestamptz(3) not null default clock_timestamp(),
        primary key (provider, id)
      )`);
    this.addSql(`alter table licenses add column cancelled_at_end_at timestamptz(3)`);
    this.addSql(`alter table tasks drop constraint tasks_kind_check`);
    this.addSql(
      `alter table tasks add constraint tasks_kind_check check (kind in (${taskKinds.map((kind) => `'${kind}'`).join(', ')}))`,
    );
  }
}
