import { Migration } from '@mikro-orm/migrations';

/** Keys with which programs do what their owners may, and no more than they were given. */
export class Migration20261121182000_apiKeys extends Migration {
  override up(): void {
    this.addSql(`
      create table api_keys (
        id uuid primary key,
        user_id uuid not null references users (id) on delete cascade,
        name text not null,
        key_hash bytea not null unique,
        hint text not null,
        permissions text[] not null,
        scope_kind text not null check (scope_kind in ('platform', 'plan', 'tenant')),
        scope_id text,
        per_second integer check (per_second > 0),
        created_at timestamptz not null default now(),
        expires_at timestamptz not null,
        last_used_at timestamptz,
        rotated_from uuid unique references api_keys (id) on delete set null,
        retires_at timestamptz,
        revoked_at timestamptz,
        revoked_by uuid,
        check ((scope_kind = 'platform') = (scope_id is null))
      )`);
    this.addSql(`create index api_keys_of_user on api_keys (user_id)`);
  }
}
