import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiInstallation, type Answer } from '../apiInstallation.ts';

describe('signing up an organisation by oneself', () => {
  let api: ApiInstallation;
  before(async () => {
    api = await ApiInstallation.start();
    await api.installation.startWorker();
  });
  after(() => api.stop());

  const sql = <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> =>
    api.installation.asAdmin<Row & Record<string, unknown>>(null, text, values);
  const settle = (body: object): Promise<Answer> => api.ask('PATCH', '/api/v1/sign-up-settings', { body });
  const ask = (body: object): Promise<Answer> =>
    api.ask('POST', '/api/v1/sign-ups', { cookie: null, body: { organisation: 'Signed up', ...body } });
  const prove = (body: object): Promise<Answer> => api.ask('POST', '/api/v1/sign-ups/proof', { cookie: null, body });

  /** The token of the newest link that was sent to somebody. */
  const tokenFor = (email: string): Promise<string> =>
    api.installation.until(`a mail to ${email}`, 20_000, async () => {
      const folder = api.installation.configuration.outboxDir;
      const files = (await readdir(folder).catch(() => [])).filter((file) => file.endsWith('.eml'));
      const mails = await Promise.all(files.toSorted().map((file) => readFile(join(folder, file), 'utf8')));
      const theirs = mails.filter((text) => text.includes(email) && text.includes('/sign-up/confirm#'));
      return /confirm#([\w-]+)/.exec(theirs.at(-1)?.replaceAll('=\r\n', '').replaceAll('=\n', '') ?? '')?.[1];
    });

  it('is closed until somebody opens it', async () => {
    assert.equal((await ask({ email: 'early@example.org' })).body['code'], 'sign_up_closed');
    const offer = await api.ask('GET', '/api/v1/sign-ups/offer', { cookie: null });
    assert.deepEqual(offer.body, { isOpen: false, plans: [], needsApproval: true });
    assert.equal((await settle({ isOpen: true, plans: ['nothing'] })).body['code'], 'plan_unknown');
    assert.equal((await settle({ isOpen: true, needsApproval: false })).status, 200);
  });

  it('leads by a link, used once, to a tenant with the signer as its admin, and into its onboarding', async () => {
    const email = 'grace@signed.example';
    assert.equal((await ask({ email, name: 'Grace', slug: 'signed-up' })).status, 202);
    const token = await tokenFor(email);
    const [kept] = await sql<{ sealed: Buffer }>(`select sealed from sign_ups where state = 'asked'`);
    assert.ok(!kept!.sealed.includes(email));
    const view = await api.ask('POST', '/api/v1/sign-ups/check', { cookie: null, body: { token } });
    assert.partialDeepStrictEqual(view.body, { organisation: 'Signed up', email, slug: 'signed-up' });
    const twice = await Promise.all([prove({ token }), prove({ token })]);
    assert.deepEqual(twice.map(({ status }) => status).toSorted(), [200, 403]);
    assert.equal((await prove({ token })).body['code'], 'link_invalid');

    const [made] = await sql<{ tenant_id: string; run_id: string; sealed: Buffer | null }>(
      `select tenant_id, run_id, sealed from sign_ups where state = 'accepted'`,
    );
    assert.equal(made!.sealed, null);
    assert.equal((await api.installation.runIsOver(made!.run_id)).state, 'succeeded');
    await api.installation.until(
      'the onboarding',
      20_000,
      async () => (await sql('select 1 from onboardings where tenant_id = $1', [made!.tenant_id])).length > 0,
    );
    const tenant = await api.ask('GET', `/api/v1/tenants/${made!.tenant_id}`);
    assert.partialDeepStrictEqual(tenant.body, { slug: 'signed-up', admin: { email, name: 'Grace' } });
  });

  it('refuses a link that is late, and one that is none', async () => {
    const email = 'late@signed.example';
    await ask({ email });
    const token = await tokenFor(email);
    await sql(`update sign_ups set expires_at = now() - interval '1 second' where state = 'asked'`);
    assert.equal((await prove({ token })).body['code'], 'link_invalid');
    assert.equal((await prove({ token: 'x'.repeat(32) })).body['code'], 'link_invalid');
  });

  it('takes another address when the one that was asked for is taken meanwhile, by the same link', async () => {
    const email = 'slow@signed.example';
    assert.equal((await ask({ email, slug: 'contested' })).status, 202);
    await api.installation.createTenant({ name: 'Faster', slug: 'contested' });
    assert.equal((await ask({ email: 'third@signed.example', slug: 'contested' })).body['code'], 'slug_taken');
    const token = await tokenFor(email);
    const taken = await prove({ token });
    assert.equal(taken.body['code'], 'slug_taken');
    const proven = await prove({ token, slug: 'contested-too' });
    assert.deepEqual(proven.body, { state: 'accepted', slug: 'contested-too' });
  });

  it('waits to be approved where that is asked for, and tells why not', async () => {
    await settle({ needsApproval: true });
    const [yes, no] = ['yes@signed.example', 'no@signed.example'] as const;
    for (const email of [yes, no]) {
      await ask({ email, slug: email.slice(0, email.indexOf('@')) === 'no' ? 'no-thanks' : 'yes-please' });
      assert.deepEqual((await prove({ token: await tokenFor(email) })).body, { state: 'waiting', slug: null });
    }
    const list = await api.ask('GET', '/api/v1/sign-ups?state=waiting');
    const items = list.body['items'] as { id: string; email: string; may: { decide: boolean } }[];
    const [approved, refused] = [yes, no].map((email) => items.find((one) => one.email === email)!);
    assert.ok(approved!.may.decide);
    assert.equal((await sql(`select 1 from tasks where kind = 'sign_up' and state = 'open'`)).length, 2);
    const decide = (id: string, how: string, body: object) =>
      api.ask('POST', `/api/v1/sign-ups/${id}/${how}`, { body });
    assert.equal((await decide(approved!.id, 'approve', {})).body['state'], 'accepted');
    assert.equal((await decide(approved!.id, 'approve', {})).body['code'], 'sign_up_decided');
    assert.equal((await decide(refused!.id, 'refuse', { reason: 'Not here.' })).body['state'], 'refused');
    assert.equal((await sql(`select 1 from tasks where kind = 'sign_up' and state = 'open'`)).length, 0);
    const left = await sql(`select 1 from sign_ups where state in ('accepted', 'refused') and sealed is not null`);
    assert.deepEqual(left, []);
    await settle({ needsApproval: false });
  });

  it('answers the same whether or not an address is known, and writes to it three times an hour at most', async () => {
    const answers = [];
    for (let time = 0; time < 5; time++)
      answers.push(await ask({ email: time % 2 ? 'Often@signed.example' : 'often@signed.example' }));
    const owner = await ask({ email: 'owner@example.org' });
    assert.deepEqual(new Set([...answers, owner].map(({ status, text }) => `${status} ${text}`)).size, 1);
    const [sent] = await sql<{ n: string }>(
      `select count(*) as n from mails where kind = 'sign_up_proof' and created_at > now() - interval '1 minute'`,
    );
    assert.ok(Number(sent!.n) >= 4);
    const asked = await sql(`select 1 from events where type = 'sign_up.asked'`);
    assert.equal(asked.length, 5 + 3 + 1);
  });

  it('refuses what cannot be: thrown-away addresses, wrong names, unknown plans, bytes that are no text', async () => {
    assert.equal((await ask({ email: 'x@mailinator.com' })).body['code'], 'mail_disposable');
    assert.equal((await ask({ email: 'a@signed.example', plan: 'none' })).body['code'], 'plan_unknown');
    for (const body of [
      { email: 'nobody' },
      { email: 'a@signed.example', slug: 'Ab' },
      { email: 'a@signed.example', slug: 'admin' },
      { email: 'a@signed.example', organisation: ' \u202e ' },
      { email: 'a@signed.example', more: 1 },
    ])
      assert.equal((await ask(body)).status, 400, JSON.stringify(body));
  });

  it('holds up who asks from one place all the time', async () => {
    let last: Answer | null = null;
    for (let time = 0; time < 25; time++) last = await ask({ email: `many${time}@signed.example` });
    assert.deepEqual([last!.status, last!.body['code']], [429, 'too_many_attempts']);
  });
});
