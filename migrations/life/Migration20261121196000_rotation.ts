import { Migration } from '@mikro-orm/migrations';
import { taskKinds } from '#contracts/tasks.ts';

/** Secrets that follow each other with overlap, and tenants that pass from one owner to another. */
export class Migration20261121196000_rotation extends Migration {
  override up(): void {
    // What a tenant was born with has no row until it is rotated for the first time.
    this.addSql(`
      create table credentials (
        id uuid primary key,
        tenant_id uuid not null references tenants (id),
        resource_id uuid not null references resources (id),
        kind text not null check (kind in ('database', 'realm')),
        rotation_id uuid,
        state text not null check (state in ('prepared', 'current', 'ending', 'ended', 'withdrawn')),
        slot text not null,
        secret_name text not null,
        ends_at timestamptz(3),
        created_at timestamptz(3) not null default now(),
        ended_at timestamptz(3)
      )`);
    for (const state of ['prepared', 'current', 'ending'])
      this.addSql(`create unique index credentials_one_${state} on credentials (resource_id) where state = '${state}'`);
    this.addSql(`create index credentials_of_tenant on credentials (tenant_id, created_at)`);

    // Times are those of the workflow. The run is another one when its workflow was lost and a new one goes on.
    this.addSql(`
      create table secret_rotations (
        id uuid primary key,
        tenant_id uuid not null references tenants (id),
        run_id uuid not null unique references runs (id),
        kinds text[] not null,
        state text not null check (state in ('open', 'done', 'withdrawn')),
        overlap_seconds integer not null check (overlap_seconds >= 0),
        publish_seconds integer not null check (publish_seconds >= 0),
        asked_at timestamptz(3) not null default now(),
        asked_by uuid,
        sign_at timestamptz(3),
        end_at timestamptz(3),
        ended_at timestamptz(3)
      )`);
    this.addSql(`create index secret_rotations_of_tenant on secret_rotations (tenant_id, asked_at desc)`);
    this.addSql(`create unique index secret_rotations_one_open on secret_rotations (tenant_id) where state = 'open'`);
    this.addSql(`alter table credentials add foreign key (rotation_id) references secret_rotations (id)`);

    this.addSql(`
      create table ownership_changes (
        id uuid primary key,
        tenant_id uuid not null references tenants (id),
        run_id uuid not null unique references runs (id),
        state text not null check (state in ('asked', 'agreed', 'done', 'declined', 'expired', 'withdrawn')),
        to_member uuid references users (id) on delete set null,
        from_member uuid references users (id) on delete set null,
        sealed_people bytea,
        old_stays_admin boolean not null,
        needs_confirmation boolean not null,
        consent_hash bytea unique,
        confirmation_hash bytea unique,
        asked_at timestamptz(3) not null default now(),
        asked_by uuid,
        wait_seconds integer not null check (wait_seconds > 0),
        expires_at timestamptz(3),
        reminded integer not null default 0,
        consented_at timestamptz(3),
        confirmed_at timestamptz(3),
        ended_at timestamptz(3),
        reverse_of uuid references ownership_changes (id)
      )`);
    this.addSql(`
      create unique index ownership_changes_one_open on ownership_changes (tenant_id) where state in ('asked', 'agreed')`);
    this.addSql(`create index ownership_changes_of_tenant on ownership_changes (tenant_id, asked_at desc)`);

    // An administrator of a tenant begins the change of its owner.
    this.addSql(`alter table runs drop constraint if exists runs_actor_kind_check`);
    this.addSql(`
      alter table runs add constraint runs_actor_kind_check
        check (actor_kind in ('system', 'user', 'key', 'worker', 'member'))`);

    // The vocabulary comes from the contracts, whoever added to it.
    this.addSql(`alter table tasks drop constraint tasks_kind_check`);
    this.addSql(
      `alter table tasks add constraint tasks_kind_check check (kind in (${taskKinds.map((kind) => `'${kind}'`).join(', ')}))`,
    );
  }
}
