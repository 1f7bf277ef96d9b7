import { Migration } from '@mikro-orm/migrations';

/** Who may do what, where: roles, to whom they were given, and the number that grows with everything that takes something away. */
export class Migration20261121180000_access extends Migration {
  override up(): void {
    // What a seeded role permits stands in the code; its row holds what may be chosen about it.
    this.addSql(`
      create table roles (
        name text primary key check (name ~ '^[a-z][a-z0-9-]{1,38}$'),
        title text not null,
        description text not null default '',
        seeded boolean not null default false,
        permissions text[] not null default '{}',
        requires_second_factor boolean not null default false,
        version integer not null default 1,
        created_at timestamptz not null default now(),
        created_by uuid,
        updated_at timestamptz not null default now()
      )`);
    this.addSql(`
      insert into roles (name, title, seeded) values
        ('owner', 'Owner', true), ('admin', 'Admin', true), ('operator', 'Operator', true),
        ('auditor', 'Auditor', true), ('support', 'Support', true)`);
    this.addSql(`
      create table role_assignments (
        id uuid primary key default gen_random_uuid(),
        user_id uuid not null references users (id) on delete cascade,
        role text not null references roles (name),
        scope_kind text not null check (scope_kind in ('platform', 'plan', 'tenant')),
        scope_id text,
        created_at timestamptz(3) not null default now(),
        created_by uuid,
        check ((scope_kind = 'platform') = (scope_id is null)),
        unique nulls not distinct (user_id, role, scope_kind, scope_id)
      )`);
    this.addSql(`create index role_assignments_of_role on role_assignments (role)`);
    this.addSql(`
      insert into role_assignments (user_id, role, scope_kind)
      select id, 'owner', 'platform' from users where role = 'owner'`);
    // Processes of the release before still write and read it; nobody else does.
    this.addSql(`alter table users alter column role set default 'none'`);

    this.addSql(`
      create table access_epoch (
        only_one boolean primary key default true check (only_one),
        epoch bigint not null default 1
      )`);
    this.addSql(`insert into access_epoch default values`);
  }
}
