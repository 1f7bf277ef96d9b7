import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Import, ImportAccepted } from '#contracts/imports/imports.ts';
import type { RouteCase, World } from './routeCases.ts';

/** Files of tenants: sending one, looking at what was found, starting it, and what comes after. */
export function importCases(
  world: World,
): Record<
  | 'createImport'
  | 'listImports'
  | 'readImport'
  | 'listImportLines'
  | 'exportImportReport'
  | 'startImport'
  | 'retryImport'
  | 'sendImportInvitations',
  RouteCase
> {
  const csv = (): string => `name,admin email\nImported ${randomBytes(4).toString('hex')},a@example.org\n`;
  const asCsv = { 'content-type': 'text/csv' };

  async function send(query = ''): Promise<ImportAccepted> {
    const { body, status, text } = await world.api.ask<ImportAccepted>('POST', `/api/v1/imports${query}`, {
      raw: csv(),
      headers: asCsv,
    });
    assert.equal(status, 202, text);
    return body;
  }
  const is = (importId: string, state: Import['state']): Promise<Import> =>
    world.api.installation.until(`import ${importId} to be ${state}`, 60_000, async () => {
      const { body } = await world.api.ask<Import>('GET', `/api/v1/imports/${importId}`);
      return body.state === state ? body : null;
    });
  async function settled(): Promise<string> {
    const { importId } = await send('?startWhenValid=true');
    await is(importId, 'done');
    return importId;
  }
  const ready = async (): Promise<string> => {
    const { importId } = await send();
    await is(importId, 'ready');
    return importId;
  };

  return {
    createImport: {
      succeeds: async () => ({ raw: csv(), headers: asCsv }),
      async shows({ body }) {
        await is(String(body['importId']), 'ready');
      },
    },
    listImports: {
      async succeeds() {
        await send();
        return {};
      },
      shows: ({ body }) => assert.ok((body['items'] as Import[]).length > 0),
    },
    readImport: {
      succeeds: async () => ({ params: { importId: await ready() } }),
      shows: ({ body }) => assert.partialDeepStrictEqual(body, { state: 'ready', lineCount: 1, counts: { valid: 1 } }),
    },
    listImportLines: {
      succeeds: async () => ({ params: { importId: await ready() } }),
      shows: ({ body }) => assert.partialDeepStrictEqual(body, { items: [{ number: 2, line: 2, state: 'valid' }] }),
    },
    exportImportReport: {
      succeeds: async () => ({ params: { importId: await ready() } }),
      shows: ({ text }) => assert.match(text, /^line,number,state,name,.*\r\n2,2,valid,Imported /),
    },
    startImport: {
      succeeds: async () => ({ params: { importId: await ready() }, body: {} }),
      async shows({ body }) {
        assert.ok((await is(String(body['id']), 'done')).counts.created === 1);
      },
    },
    retryImport: {
      async succeeds() {
        const importId = await settled();
        await world.api.installation.asAdmin(
          null,
          `update tenants set state = 'rolled_back' where id in (select tenant_id from import_lines where import_id = $1)`,
          [importId],
        );
        await world.api.installation.asAdmin(
          null,
          `update import_lines l set state = 'failed', tenant_id = null, sealed = other.sealed, number = other.number
           from import_lines other where l.import_id = $1 and other.import_id = $2`,
          [importId, await ready()],
        );
        return { params: { importId } };
      },
      shows: ({ body }) => assert.equal(body['state'], 'creating'),
    },
    sendImportInvitations: {
      succeeds: async () => ({ params: { importId: await settled() } }),
      async shows({ body }) {
        assert.equal((await is(String(body['id']), 'done')).counts.heldInvitations, 0);
      },
    },
  };
}
