import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bucketNameOf } from '#domain/resources/names.ts';
import { inTenant } from '#test/scenarios/offboarding/leavingTenant.ts';
import type { BackupWorld } from './backedUpTenant.ts';

/** What is in a tenant and how it stands, as a test writes and reads it. */
export function thingsOf(world: () => Pick<BackupWorld, 'installation'>, tenantId: () => string) {
  const sql = (text: string, of = tenantId()) => inTenant(world().installation, of, text);
  const set = (value: string, of = tenantId()) =>
    sql(
      `insert into settings (name, value) values ('when', '"${value}"') on conflict (name) do update set value = excluded.value`,
      of,
    );
  const get = async (of = tenantId()) =>
    (await sql(`select value #>> '{}' as value from settings where name = 'when'`, of)).rows[0]?.value as
      string | undefined;
  const object = (name: string, of = tenantId()) =>
    join(world().installation.configuration.storageDir, bucketNameOf(of), name);
  const put = async (name: string, text: string) => {
    await mkdir(join(object(name), '..'), { recursive: true });
    await writeFile(object(name), text);
  };
  const now = async () => {
    await set('now');
    await put('doc.txt', 'now');
    await put('newer.txt', 'newer');
  };
  const state = async (of = tenantId()) =>
    (await world().installation.asAdmin<{ state: string }>(null, 'select state from tenants where id = $1', [of]))[0]
      ?.state;
  const access = async () =>
    (
      await world().installation.asAdmin<{ access: string }>(
        null,
        'select distinct access from resources where tenant_id = $1',
        [tenantId()],
      )
    ).map((row) => row.access);

  return { sql, set, get, object, put, now, state, access };
}
