import { Migration } from '@mikro-orm/migrations';
import { serverRoles, serverStates } from '#contracts/recovery/replication.ts';
import { taskKinds } from '#contracts/tasks.ts';

const among = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(', ');

/** The servers that data stores live on and would move to, as they were last seen; which of them may be written to is decided here. */
export class Migration20261122146000_databaseServers extends Migration {
  override up(): void {
    this.addSql(`
      create table database_servers (
        name text primary key,
        host text not null,
        port integer not null,
        role text not null default 'unknown' check (role in (${among(serverRoles)})),
        state text not null default 'silent' check (state in (${among(serverStates)})),
        reason text,
        system_identifier text,
        timeline integer,
        follows text references database_servers (name),
        synchronous boolean not null default false,
        primary_lsn text,
        flushed_lsn text,
        lag_bytes bigint,
        lag_seconds double precision,
        sampled_at timestamptz(3),
        claimed_by text,
        claimed_at timestamptz(3),
        version integer not null default 1
      )`);
    // Whatever went wrong elsewhere: there are never two that the registry calls the one to write to.
    this.addSql(
      `create unique index database_servers_one_primary on database_servers (system_identifier) where role = 'primary'`,
    );
    this.addSql(`alter table data_stores add column server text references database_servers (name)`);
    this.addSql(`alter table tasks drop constraint tasks_kind_check`);
    this.addSql(`alter table tasks add constraint tasks_kind_check check (kind in (${among(taskKinds)}))`);
  }
}
