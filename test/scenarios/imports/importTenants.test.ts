import assert from 'node:assert/strict';
import type { Import, ImportAccepted, ImportLinePage } from '#contracts/imports/imports.ts';
import type { Run } from '#contracts/runs.ts';
import { ApiInstallation } from '#test/api/apiInstallation.ts';
import { readOrganisations } from '#local/demo/organisations.ts';

/** Two pairs that share a name, commas, accents, and the one whose name is longest. */
const organisationCount = 26;
const asCsv = { 'content-type': 'text/csv' };

describe('an import of tenants', () => {
  let api: ApiInstallation;
  before(async () => {
    api = await ApiInstallation.start(undefined, { TENANTRY_IMPORT_CONCURRENCY: '8' });
    await api.installation.startWorker();
  });
  after(() => api.stop());

  const sql = <Row extends object>(text: string, values: unknown[] = []) =>
    api.installation.asAdmin<Row & Record<string, unknown>>(null, text, values);
  async function send(
    text: string | Buffer,
    query = '',
    headers: Record<string, string> = asCsv,
  ): Promise<ImportAccepted> {
    const {
      status,
      body,
      text: answer,
    } = await api.ask<ImportAccepted>('POST', `/api/v1/imports${query}`, { raw: text, headers });
    assert.equal(status, 202, answer);
    return body;
  }
  const read = async (importId: string): Promise<Import> =>
    (await api.ask<Import>('GET', `/api/v1/imports/${importId}`)).body;
  const is = (importId: string, ...states: Import['state'][]): Promise<Import> =>
    api.installation.until(`import to be ${states.join(' or ')}`, 60_000, async () => {
      const file = await read(importId);
      return states.includes(file.state) ? file : null;
    });
  const lines = async (importId: string, query = ''): Promise<ImportLinePage['items']> =>
    (await api.ask<ImportLinePage>('GET', `/api/v1/imports/${importId}/lines${query}`)).body.items;
  const count = async (from: string): Promise<number> =>
    Number((await sql<{ n: string }>(`select count(*) as n from ${from}`))[0]?.n);
  const post = (importId: string, what: string, body: unknown = undefined) =>
    api.ask<Import & { code: string }>(
      'POST',
      `/api/v1/imports/${importId}/${what}`,
      body === undefined ? {} : { body },
    );

  const organisations = async (): Promise<string> => {
    const all = (await readOrganisations()).filter(({ name }, at) => at < organisationCount - 1 || name.length > 100);
    return `country,name,key\n${all.map(({ country, name }, at) => `${country},"${name.replaceAll('"', '""')}",${at}`).join('\n')}\n`;
  };
  const mapping = encodeURIComponent(JSON.stringify({ country: 'label:country', key: null }));

  it('checks every line first, waits, and makes a tenant of each when it is started; the same file again makes none', async () => {
    const text = await organisations();
    const before = await count('tenants');
    const { importId, runId } = await send(text, `?mapping=${mapping}`);
    const ready = await is(importId, 'ready');
    assert.equal(ready.lineCount, organisationCount);
    assert.equal(ready.counts.valid, organisationCount);
    assert.equal((await api.installation.run(runId)).state, 'waiting');
    assert.equal(await count('tenants'), before);
    assert.equal(await count(`import_chunks where import_id = '${importId}'`), 0);

    assert.equal((await post(importId, 'start', {})).status, 202);
    const done = await is(importId, 'done');
    assert.deepEqual(
      { ...done.counts, heldInvitations: 0 },
      { valid: 0, invalid: 0, existing: 0, creating: 0, created: organisationCount, failed: 0, heldInvitations: 0 },
    );
    const run = await api.installation.runIsOver(runId);
    assert.equal(run.state, 'succeeded');
    assert.deepEqual([run.progress?.done, run.progress?.total], [organisationCount, organisationCount]);
    assert.equal(await count(`tenants where state = 'active'`), before + organisationCount);
    assert.equal(await count(`import_lines where import_id = '${importId}' and sealed is not null`), 0);
    assert.equal(await count(`runs where kind = 'provisionTenant' and queue <> 'bulk'`), 0);

    const again = await send(text, `?mapping=${mapping}&startWhenValid=true`);
    const second = await is(again.importId, 'done');
    assert.equal(second.counts.existing, organisationCount);
    assert.equal(await count('tenants'), before + organisationCount);
    assert.equal((await lines(again.importId))[0]?.tenantId, (await lines(importId))[0]?.tenantId);
  });

  it('makes nothing twice when the same file is sent twice at once', async () => {
    const text = Array.from({ length: 12 }, (_, at) =>
      JSON.stringify({ name: `Twin ${at}`, externalId: `twin-${at}` }),
    ).join('\n');
    const json = { 'content-type': 'application/jsonl' };
    const both = await Promise.all([
      send(text, '?startWhenValid=true', json),
      send(text, '?startWhenValid=true', json),
    ]);
    const ended = await Promise.all(both.map(({ importId }) => is(importId, 'done', 'incomplete')));
    assert.deepEqual(
      ended.map(({ state }) => state),
      ['done', 'done'],
    );
    assert.equal(ended[0]!.counts.created + ended[1]!.counts.created, 12);
    assert.equal(await count(`tenants where external_id like 'twin-%'`), 12);
  });

  it('names each line that is wrong with its column, and starts the others only when that is asked for', async () => {
    await api.installation.provision({ name: 'There', slug: 'there-already', externalId: 'there' });
    const text = [
      'name,slug,external id,plan,admin email', // 1
      'Fine,fine-one,,,', // 2
      ',no-name,,,', // 3
      'Reserved,admin,,,', // 4
      'Bad slug,Not A Slug,,,', // 5
      'Taken,there-already,,,', // 6
      'Twin,fine-one,,,', // 7
      'Plan,,,golden,', // 8
      'Mail,,,,not a mail', // 9
      'Too,many,,,,cells', // 10
      'There,,there,,', // 11
      '', // 12
      `${'x'.repeat(121)},,,,`, // 13
      '"Quoted, with\na new line",,,,', // 14
      'After it,,,,', // 16
    ].join('\n');
    const { importId } = await send(text);
    const ready = await is(importId, 'ready');
    const found = (await lines(importId)).map(({ line, state, problems }) => [
      line,
      state,
      ...problems.map(({ code }) => code),
    ]);
    assert.deepEqual(found, [
      [2, 'valid'],
      [3, 'invalid', 'value_missing'],
      [4, 'invalid', 'slug_reserved'],
      [5, 'invalid', 'slug_invalid'],
      [6, 'invalid', 'slug_taken'],
      [7, 'invalid', 'slug_duplicate'],
      [8, 'invalid', 'plan_unknown'],
      [9, 'invalid', 'email_invalid'],
      [10, 'invalid', 'cells_differ'],
      [11, 'existing'],
      [13, 'invalid', 'value_too_long'],
      [14, 'invalid', 'control_characters'],
      [16, 'valid'],
    ]);
    assert.equal(ready.counts.invalid, 10);
    const refused = await post(importId, 'start', {});
    assert.deepEqual([refused.status, refused.body.code], [409, 'import_has_invalid_lines']);
    assert.equal((await post(importId, 'start', { skipInvalid: true })).status, 202);
    const done = await is(importId, 'done');
    assert.deepEqual([done.counts.created, done.counts.invalid, done.counts.existing], [2, 10, 1]);
  });

  it('pauses, goes on, and when it is cancelled keeps what was made and offers the rest', async () => {
    const text = `name\n${Array.from({ length: 40 }, (_, at) => `Paused ${at}`).join('\n')}\n`;
    const { importId, runId } = await send(text, '?startWhenValid=true');
    await api.installation.until('some tenants', 30_000, async () => (await read(importId)).counts.created > 0);
    assert.equal((await api.ask('POST', `/api/v1/runs/${runId}/pause`)).status, 202);
    const paused = await api.installation.runIs('paused', runId);
    const { counts } = await read(importId);
    assert.equal(counts.creating, 0);
    assert.ok(counts.valid > 0, `nothing was left: ${JSON.stringify(counts)}`);
    assert.equal(paused.held?.by, 'pause');
    assert.equal((await api.ask('POST', `/api/v1/runs/${runId}/resume`)).status, 202);
    await api.installation.until(
      'more tenants',
      30_000,
      async () => (await read(importId)).counts.created > counts.created,
    );
    assert.equal((await api.ask('POST', `/api/v1/runs/${runId}/cancel`)).status, 202);
    const cancelled = await is(importId, 'cancelled');
    assert.equal((await api.installation.runIsOver(runId)).state, 'cancelled');
    assert.equal(cancelled.counts.creating, 0);
    assert.ok(cancelled.may.retry && cancelled.counts.valid > 0);
    assert.equal(await count(`tenants where name like 'Paused %' and state = 'active'`), cancelled.counts.created);
    assert.equal((await post(importId, 'retry')).status, 202);
    assert.equal((await is(importId, 'done')).counts.created, 40);
  });

  it('holds invitations back until they are sent, and sends each once', async () => {
    const { importId } = await send(
      'name,email\nHeld one,one@example.org\nHeld two,two@example.org\nNobody,\n',
      '?startWhenValid=true',
    );
    const done = await is(importId, 'done');
    assert.equal(done.counts.heldInvitations, 2);
    const invited = `runs r join import_lines l on l.tenant_id = r.tenant_id where r.kind = 'deliverInvitation' and l.import_id = '${importId}'`;
    assert.equal(await count(invited), 0);
    assert.equal((await post(importId, 'invitations')).status, 202);
    const sent = await is(importId, 'done');
    assert.equal(sent.counts.heldInvitations, 0);
    assert.equal(await count(invited), 2);
    const again = await post(importId, 'invitations');
    assert.deepEqual([again.status, again.body.code], [409, 'import_nothing_to_do']);
  });

  it('only checks where nothing more is asked for, and is over when it is cancelled before it was started', async () => {
    const dry = await send('name\nDry\n', '?dryRun=true');
    assert.equal((await is(dry.importId, 'checked')).counts.valid, 1);
    assert.equal((await api.installation.runIsOver(dry.runId)).state, 'succeeded');
    const { importId, runId } = await send('name\nNever\n');
    await is(importId, 'ready');
    assert.equal((await api.ask<Run>('POST', `/api/v1/runs/${runId}/cancel`)).status, 202);
    await is(importId, 'cancelled');
    assert.equal((await post(importId, 'start', {})).body.code, 'import_not_ready');
    assert.equal(await count(`tenants where name in ('Dry', 'Never')`), 0);
  });
}).timeout(120_000);
