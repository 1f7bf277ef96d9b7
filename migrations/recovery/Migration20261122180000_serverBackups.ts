import { Migration } from '@mikro-orm/migrations';
import { taskKinds } from '#contracts/tasks.ts';

const listOf = (all: readonly string[]): string => all.map((one) => `'${one}'`).join(', ');

/** Base backups of the whole server as far as the registry knows of them, and what the last check of its archive found. */
export class Migration20261122180000_serverBackups extends Migration {
  override up(): void {
    this.addSql(`
      create table server_backups (
        id uuid primary key,
        state text not null check (state in ('writing', 'proven', 'failed', 'removed')),
        reaches_from timestamptz(3),
        files bigint,
        bytes bigint,
        stored_bytes bigint,
        created_at timestamptz(3) not null default now(),
        proven_at timestamptz(3),
        removed_at timestamptz(3)
      )`);
    this.addSql(`create index server_backups_newest on server_backups (created_at desc)`);
    // One row: what counts is how it stands now.
    this.addSql(`
      create table archive_checks (
        only_one boolean primary key default true check (only_one),
        checked_at timestamptz(3) not null,
        reaches_from timestamptz(3),
        reaches_until timestamptz(3),
        segments bigint not null,
        stored_bytes bigint not null,
        waiting integer not null,
        gaps jsonb not null default '[]',
        failing text
      )`);
    // The vocabulary comes from the contracts.
    this.addSql(`alter table tasks drop constraint tasks_kind_check`);
    this.addSql(`alter table tasks add constraint tasks_kind_check check (kind in (${listOf(taskKinds)}))`);
  }
}
