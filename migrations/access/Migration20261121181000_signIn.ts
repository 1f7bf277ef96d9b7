import { Migration } from '@mikro-orm/migrations';

/** Second factors, sessions that their owner can tell apart, one-time links, mails to people, and limits on guessing. */
export class Migration20261121181000_signIn extends Migration {
  override up(): void {
    this.addSql(`
      alter table users
        add column name text,
        add column activated_at timestamptz default now(),
        add column invited_by uuid references users (id) on delete set null,
        add column password_changed_at timestamptz not null default now(),
        add column last_sign_in_at timestamptz`);
    this.addSql(`
      alter table sessions
        add column id uuid not null default gen_random_uuid() unique,
        add column authenticated_at timestamptz not null default now(),
        add column factor text,
        add column device text,
        add column address text`);

    // The password was right and another factor is still asked for; or, without a user, a passkey is.
    this.addSql(`
      create table sign_in_steps (
        token_hash bytea primary key,
        user_id uuid references users (id) on delete cascade,
        wrong_codes integer not null default 0,
        created_at timestamptz not null default now(),
        expires_at timestamptz not null
      )`);
    this.addSql(`create index sign_in_steps_age on sign_in_steps (expires_at)`);
    this.addSql(`
      create table passkey_challenges (
        challenge_hash bytea primary key,
        bound_to bytea not null,
        purpose text not null,
        expires_at timestamptz not null
      )`);
    this.addSql(`create index passkey_challenges_age on passkey_challenges (expires_at)`);

    this.addSql(`
      create table totp_secrets (
        user_id uuid primary key references users (id) on delete cascade,
        sealed bytea not null,
        created_at timestamptz not null default now(),
        confirmed_at timestamptz,
        last_step bigint not null default 0,
        last_used_at timestamptz
      )`);
    this.addSql(`
      create table recovery_codes (
        user_id uuid not null references users (id) on delete cascade,
        code_hash bytea not null,
        salt bytea not null,
        created_at timestamptz not null default now(),
        used_at timestamptz,
        primary key (user_id, code_hash)
      )`);
    this.addSql(`
      create table passkeys (
        id uuid primary key,
        user_id uuid not null references users (id) on delete cascade,
        credential_id text not null unique,
        public_key bytea not null,
        counter bigint not null,
        transports text[] not null,
        is_synced boolean not null,
        name text not null,
        created_at timestamptz not null default now(),
        last_used_at timestamptz
      )`);
    this.addSql(`create index passkeys_of_user on passkeys (user_id)`);

    this.addSql(`
      create table one_time_links (
        token_hash bytea primary key,
        purpose text not null check (purpose in ('invitation', 'password_reset', 'recovery', 'mail_change')),
        user_id uuid not null references users (id) on delete cascade,
        sealed_email bytea,
        created_by uuid,
        created_at timestamptz not null default now(),
        expires_at timestamptz not null,
        used_at timestamptz
      )`);
    this.addSql(`create index one_time_links_of_user on one_time_links (user_id, purpose)`);

    // Held only until it is sent: it tells whom, and may hold a link that opens an account.
    this.addSql(`
      create table mails (
        id uuid primary key,
        kind text not null,
        sealed bytea,
        state text not null default 'waiting' check (state in ('waiting', 'sent', 'dead')),
        attempts integer not null default 0,
        next_attempt_at timestamptz not null default now(),
        last_error text,
        created_at timestamptz not null default now(),
        sent_at timestamptz
      )`);
    this.addSql(`create index mails_due on mails (next_attempt_at) where state = 'waiting'`);
    // Whether mails reach people by a mail server; the workers know, and the API tells the link where they do not.
    this.addSql(`alter table installations add column mails_by_smtp boolean not null default false`);

    // The shape that rate-limiter-flexible reads and writes; keys are digests.
    this.addSql(`
      create table sign_in_limits (
        key varchar(255) primary key,
        points integer not null default 0,
        expire bigint
      )`);
    this.addSql(`create index sign_in_limits_age on sign_in_limits (expire)`);
  }
}
