import { Migration } from '@mikro-orm/migrations';

/** What becomes due of each licence at a moment, what its end has led to, and who is told beside the tenant. */
export class Migration20261122050000_licenseDues extends Migration {
  override up(): void {
    this.addSql(`
      alter table licenses add column lapse text not null default 'none'
        check (lapse in ('none', 'grace', 'blocked', 'degraded', 'logged'))`);

    // One row is one thing that happens once: its key is what it is and when. 'passed' never happens, and says why.
    this.addSql(`
      create table license_dues (
        license_id uuid not null references licenses (id) on delete cascade,
        kind text not null check (kind in ('reminder', 'expiry', 'grace_end', 'override_end', 'renewal')),
        days integer not null check (days = 0 or kind = 'reminder'),
        due_at timestamptz(0) not null,
        ends_at timestamptz(0) not null,
        state text not null default 'open' check (state in ('open', 'held', 'done', 'passed')),
        why text check ((why is not null) = (state = 'passed')),
        retry_at timestamptz(3),
        settled_at timestamptz(3) check ((settled_at is not null) = (state in ('done', 'passed'))),
        primary key (license_id, kind, days, due_at)
      )`);
    // One for each drain, so that each finds its oldest without reading the others'.
    for (const [name, kinds] of Object.entries({
      reminders: `= 'reminder'`,
      ends: `in ('expiry', 'grace_end')`,
      overrides: `= 'override_end'`,
      renewals: `= 'renewal'`,
    }))
      this.addSql(`create index license_dues_${name} on license_dues (due_at) where state = 'open' and kind ${kinds}`);
    this.addSql(`create index license_dues_held on license_dues (license_id) where state = 'held'`);

    // What the dates and the policy of a licence ask for. Hours and not days: a day has 24 of them in every time zone.
    this.addSql(`
      create view license_wanted_dues as
      select l.id as license_id, w.kind, w.days, w.due_at::timestamptz(0), w.ends_at
      from licenses l
      join license_policies p on p.name = l.policy_name and p.version = l.policy_version
      cross join lateral (
        select 'reminder' as kind, -b.days as days, l.expires_at - make_interval(hours => 24 * b.days) as due_at, l.expires_at as ends_at
        from (select value::integer as days from jsonb_array_elements_text(p.rules #> '{reminders,before}')) b
        where l.expires_at - make_interval(hours => 24 * b.days) > l.starts_at
        union all
        select 'reminder', a.days, l.expires_at + make_interval(hours => 24 * a.days), l.expires_at
        from (select value::integer as days from jsonb_array_elements_text(p.rules #> '{reminders,after}')) a
        where l.expires_at is not null
        union all
        select 'expiry', 0, l.expires_at, l.expires_at where l.expires_at is not null
        union all
        select 'grace_end', 0, l.over_at, l.expires_at where l.over_at > l.expires_at
        union all
        select 'renewal', 0,
               greatest(l.starts_at, l.expires_at - make_interval(hours => 24 * coalesce((p.rules #>> '{renewal,daysBefore}')::integer, 1))),
               l.expires_at
        where l.expires_at is not null and not l.is_trial and p.rules #>> '{renewal,mode}' in ('auto', 'approval')
        union all
        select distinct 'override_end', 0, o.until, o.until from license_overrides o where o.license_id = l.id and o.until is not null
      ) w
      where l.state in ('active', 'suspended')`);

    // Licences from before: their ends are told, if late; of reminders and renewals only what is still to come.
    this.addSql(`
      insert into license_dues (license_id, kind, days, due_at, ends_at)
      select license_id, kind, days, due_at, ends_at from license_wanted_dues
      where kind not in ('reminder', 'renewal') or due_at > now()`);

    // What is no task, but somebody wants to hear of.
    this.addSql(`alter table notifications add column notice jsonb, add check (task_id is null or notice is null)`);
  }
}
