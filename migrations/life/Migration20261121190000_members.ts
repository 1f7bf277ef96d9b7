import { Migration } from '@mikro-orm/migrations';

/** People of tenants: rows like those of the platform's people, and apart from them. */
export class Migration20261121190000_members extends Migration {
  override up(): void {
    // Of a member `email` holds a digest that only finds; what can be read is sealed with the tenant's key.
    this.addSql(`
      alter table users
        add column tenant_id uuid references tenants (id),
        add column sealed_profile bytea,
        add column portal_role text check (portal_role in ('tenant-admin', 'member', 'viewer')),
        add check ((tenant_id is null) = (sealed_profile is null) and (tenant_id is null) = (portal_role is null)),
        add check (tenant_id is null or name is null and email !~ '@')`);
    this.addSql(`create index users_of_tenant on users (tenant_id, id) where tenant_id is not null`);
    this.addSql(`alter table events drop constraint events_actor_kind_check`);
    this.addSql(`
      alter table events add constraint events_actor_kind_check
        check (actor_kind in ('system', 'user', 'key', 'worker', 'member'))`);
    // Whatever a query forgets: nobody of a tenant is ever given a role, a key or a say on the platform.
    this.addSql(`
      create function refuse_members() returns trigger language plpgsql as $$
      declare who uuid := (to_jsonb(new) ->> tg_argv[0])::uuid;
      begin
        if exists (select 1 from users where id = who and tenant_id is not null) then
          raise exception 'a member of a tenant is nobody on the platform' using errcode = 'check_violation';
        end if;
        return new;
      end $$`);
    const platformOnly = [
      ['role_assignments', 'user_id'], ['api_keys', 'user_id'], ['approvals', 'requester_id'],
      ['approval_decisions', 'user_id'], ['support_accesses', 'person_id'], ['tasks', 'assignee_id'],
    ] as const; // prettier-ignore
    for (const [table, column] of platformOnly)
      this.addSql(`
        create trigger ${table}_of_platform before insert or update of ${column} on ${table}
        for each row when (new.${column} is not null) execute function refuse_members('${column}')`);
  }
}
