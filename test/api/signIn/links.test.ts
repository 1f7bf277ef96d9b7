import assert from 'node:assert/strict';
import { theSystem } from '#domain/events/appendEvent.ts';
import { readdir, readFile } from 'node:fs/promises';
import type { Problem } from '#contracts/problems.ts';
import { resetOwner } from '#domain/people/resetOwner.ts';
import { ApiInstallation, ask, owner, type Answer } from '../apiInstallation.ts';
import { assertSameTime } from './sameTime.ts';
import { cookiesOf, TestAccount } from './testAccount.ts';

const code = (answer: Answer<unknown>): string => (answer.body as Problem).code;
const newPassword = 'a new sentence of mine';

describe('one-time links', () => {
  let api: ApiInstallation;
  before(async () => {
    api = await ApiInstallation.start((same) => ({ ...same, trustedProxies: 1 }));
    await api.installation.startWorker();
  });
  after(() => api.stop());

  let addresses = 0;
  const post = (path: string, body: object): Promise<Answer> =>
    ask(api.url, 'POST', path, {
      body,
      headers: { 'x-forwarded-for': `198.51.${Math.floor(++addresses / 250)}.${addresses % 250}` },
    });
  const reset = (token: string, password = newPassword) => post('/api/v1/links/password-reset', { token, password });
  const signIn = (email: string, password: string) => post('/api/v1/session', { email, password });

  const asked = async (): Promise<number> => {
    const [found] = await api.installation.asAdmin<{ n: number }>(
      null,
      `select count(*)::int as n from mails where kind = 'password_reset_asked'`,
    );
    return found!.n;
  };

  /** The token in the newest mail to this address that has a link to this page. */
  const mailed = (email: string, page: string): Promise<string> =>
    api.installation.until(`the mail with ${page}`, 10_000, async () => {
      const folder = api.installation.configuration.outboxDir;
      const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.eml')).toSorted();
      for (const name of names.toReversed()) {
        const text = (await readFile(`${folder}/${name}`, 'utf8')).replaceAll('=\r\n', '');
        const token = new RegExp(`${page}#([\\w-]{32})`).exec(text)?.[1];
        if (token && text.includes(`To: ${email}`)) return token;
      }
      return null;
    });

  it('reset a forgotten password: all sessions end, the second factor is still asked for', async () => {
    const account = await TestAccount.join(api);
    await account.addTotp();
    assert.equal((await post('/api/v1/password-resets', { email: ` ${account.email.toUpperCase()} ` })).status, 202);
    const token = await mailed(account.email, '/reset-password');
    const view = await post('/api/v1/links/check', { token });
    assert.equal(view.body['purpose'], 'password_reset');
    assert.equal(view.body['email'], account.email);
    assert.equal(code(await reset(token, 'password1')), 'password_weak');
    const uses = await Promise.all([reset(token), reset(token), reset(token)]);
    assert.deepEqual(uses.map(({ status }) => status).sort(), [204, 403, 403]);
    assert.equal((await account.ask('GET', '/api/v1/session')).status, 401);
    assert.equal((await signIn(account.email, account.password)).status, 401);
    assert.equal((await signIn(account.email, newPassword)).status, 202);
    for (const path of ['password-reset', 'invitation', 'mail-change'])
      assert.equal(
        code(
          await post(`/api/v1/links/${path}`, { token, ...(path === 'mail-change' ? {} : { password: newPassword }) }),
        ),
        'link_invalid',
      );
  });

  it('let in by a browser that reset the password, while others go on guessing', async () => {
    const account = await TestAccount.join(api);
    for (let n = 0; n < 11; n++) await Promise.all(Array.from({ length: 10 }, () => signIn(account.email, 'a guess')));
    assert.equal(code(await signIn(account.email, account.password)), 'too_many_attempts');
    const sent = await api.ask<{ link: string }>('POST', `/api/v1/people/${account.userId}/password-reset`);
    const cookie = cookiesOf(await reset(sent.body.link.split('#')[1]!));
    const body = { email: account.email, password: newPassword };
    assert.equal((await ask(api.url, 'POST', '/api/v1/session', { body, cookie })).status, 201);
  });

  it('to reset are asked for in the same words and time whether anybody has the address or not', async () => {
    const account = await TestAccount.join(api);
    const texts = new Set<string>();
    const askFor = async (email: string) => {
      const { status, text } = await post('/api/v1/password-resets', { email });
      texts.add(`${status} ${text}`);
    };
    await assertSameTime(
      () => askFor(account.email),
      () => askFor('nobody@example.org'),
      () => api.installation.asAdmin(null, 'delete from sign_in_limits'),
    );
    assert.deepEqual([...texts], ['202 {}']);
  });

  it('are sent three times an hour to one account, and nobody is told when that is over', async () => {
    const account = await TestAccount.join(api);
    const before = await asked();
    for (let n = 0; n < 6; n++)
      assert.equal((await post('/api/v1/password-resets', { email: account.email })).status, 202);
    assert.equal((await asked()) - before, 3);
  });

  it('that are none are refused in the same time as those that were used', async () => {
    const { token } = { token: 'x'.repeat(32) };
    const account = await TestAccount.join(api);
    const sent = await api.ask<{ link: string }>('POST', `/api/v1/people/${account.userId}/password-reset`);
    const used = sent.body.link.split('#')[1]!;
    assert.equal((await reset(used)).status, 204);
    const texts = new Set<string>();
    const refuse = async (one: string) => {
      const { body } = await reset(one);
      const { requestId: _id, ...rest } = body;
      texts.add(JSON.stringify(rest));
    };
    await assertSameTime(
      () => refuse(token),
      () => refuse(used),
    );
    assert.equal(texts.size, 1);
  });

  it('change the address once the new mailbox confirmed, and the old one is told', async () => {
    const account = await TestAccount.join(api);
    const taken = await TestAccount.join(api);
    const email = 'moved@example.org';
    const begun = await account.ask('POST', '/api/v1/account/email', { body: { email } });
    assert.equal(begun.status, 202);
    const pending = await account.ask<{ email: string; pendingEmail: { email: string } }>('GET', '/api/v1/account');
    assert.deepEqual([pending.body.email, pending.body.pendingEmail.email], [account.email, email]);
    const token = await mailed(email, '/confirm-email');
    assert.equal((await post('/api/v1/links/mail-change', { token })).status, 204);
    assert.equal((await signIn(account.email, account.password)).status, 401);
    assert.equal((await signIn(email, account.password)).status, 201);
    const again = await account.ask('POST', '/api/v1/account/email', { body: { email: taken.email } });
    assert.deepEqual(Object.keys(again.body), Object.keys(begun.body), 'whether it is taken is not told');
    const late = await mailed(taken.email, '/confirm-email');
    assert.equal(code(await post('/api/v1/links/mail-change', { token: late })), 'email_taken');
    const [kept] = await api.installation.asAdmin<{ n: number }>(
      null,
      `select count(*)::int as n from one_time_links where encode(sealed_email, 'escape') like '%example.org%'`,
    );
    assert.equal(kept!.n, 0);
  });

  it('to change the address are sent three times an hour to one mailbox', async () => {
    const account = await TestAccount.join(api);
    const change = () => account.ask('POST', '/api/v1/account/email', { body: { email: 'bombed@example.org' } });
    for (let n = 0; n < 3; n++) assert.equal((await change()).status, 202);
    assert.equal(code(await change()), 'too_many_attempts');
    assert.equal(
      (await account.ask('POST', '/api/v1/account/email', { body: { email: 'else@example.org' } })).status,
      202,
    );
  });

  it('of an owner reset open a lost sign-in: without the old password, without the lost factors, even a disabled one', async () => {
    const lost = await TestAccount.join(api, [{ role: 'owner', scope: { kind: 'platform' } }]);
    await lost.addTotp();
    const { em } = api.installation;
    const publicUrl = 'https://tenants.example.com';
    await assert.rejects(resetOwner(em, { publicUrl }, theSystem), /several owners/);
    await assert.rejects(resetOwner(em, { publicUrl, email: 'nobody@example.org' }, theSystem), { code: 'not_found' });
    await api.ask('POST', `/api/v1/people/${lost.userId}/disable`);
    const { link } = await resetOwner(em, { publicUrl, email: lost.email.toUpperCase() }, theSystem);
    assert.match(link, /^https:\/\/tenants\.example\.com\/reset-password#[\w-]{32}$/);
    assert.equal((await reset(link.split('#')[1]!)).status, 204);
    assert.equal((await signIn(lost.email, newPassword)).status, 201);
    assert.equal((await signIn(owner.email, owner.password)).status, 201, 'others are untouched');
  });

  it('are kept as digests only, and in no log', async () => {
    const account = await TestAccount.join(api);
    const sent = await api.ask<{ link: string }>('POST', `/api/v1/people/${account.userId}/password-reset`);
    const token = sent.body.link.split('#')[1]!;
    await reset(token);
    const kept = await api.installation.asAdmin<{ row: string }>(
      null,
      `select l::text as row from one_time_links l union all select m::text from mails m union all select e::text from events e`,
    );
    assert.ok(kept.every(({ row }) => !row.includes(token)));
    assert.ok(api.logLines.every((line) => !line.includes(token) && !line.includes(newPassword)));
  });
}).timeout(60_000);
