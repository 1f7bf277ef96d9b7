import { Migration } from '@mikro-orm/migrations';
import { taskKinds } from '#contracts/tasks.ts';

/** The control plane's own backups, as far as it knows of them: what lies in the place counts, also where nobody remembers it. */
export class Migration20261122103000_platformBackups extends Migration {
  override up(): void {
    // Without a run: written by the command, where nothing else may be running.
    this.addSql(`
      create table platform_backups (
        id uuid primary key,
        run_id uuid references runs (id),
        state text not null check (state in ('writing', 'written', 'proven', 'failed', 'removed')),
        at timestamptz(3),
        tables integer,
        rows bigint,
        bytes bigint,
        created_at timestamptz(3) not null default now(),
        proven_at timestamptz(3),
        removed_at timestamptz(3)
      )`);
    this.addSql(`create index platform_backups_newest on platform_backups (created_at desc)`);
    // The vocabulary comes from the contracts.
    this.addSql(`alter table tasks drop constraint tasks_kind_check`);
    this.addSql(
      `alter table tasks add constraint tasks_kind_check check (kind in (${taskKinds.map((kind) => `'${kind}'`).join(', ')}))`,
    );
  }
}
