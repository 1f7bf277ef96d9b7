import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { ask, type Answer, type Asking } from '#test/api/apiInstallation.ts';
import { cookiesOf, TestAccount, type Host } from '#test/api/signIn/testAccount.ts';
import type { Breach, Drill, DrillFigure, DrillRoom, Outcome } from './drill.ts';
import { Ground } from './ground.ts';
import { brokenInvariants } from './invariants.ts';
import { ApiProcess } from './killMatrix/victims.ts';
import type { Random } from './random.ts';

const session = '/api/v1/session';
const parallelUses = 50;
const endsWithinMs = 1_000;

/** Two processes of one API: what one of them grants or takes away, the other must know. */
interface Scene {
  host: Host;
  one: ApiProcess;
  other: ApiProcess;
  random: Random;
  figures: DrillFigure[];
}

/** What went wrong, in words; nothing when all of it was refused. */
type Attack = (scene: Scene) => Promise<string[]>;

const attacks: Record<string, Attack> = { codeIsUsedOnce, forgedTokens, fixation, otherSites, stolenSession, guessing };

/** Access tokens that somebody else signed are none of it yet: this control plane takes only its own opaque ones. */
export const signInStandsFirm: Drill = {
  id: 'D14',
  title: 'forged tokens, fixation, other sites, stolen sessions, guesses over a kill, 50 uses of one code',
  full: (room) => drill(room, Object.keys(attacks), 5),
  subset: (room) => drill(room, ['codeIsUsedOnce', ...room.random.some(Object.keys(attacks).slice(1), 2)], 1),
};

async function drill({ servers, random, say }: DrillRoom, chosen: string[], rounds: number): Promise<Outcome> {
  const ground = await Ground.open(servers, { TENANTRY_TRUSTED_PROXIES: '1' });
  const processes: ApiProcess[] = [];
  try {
    const one = await ApiProcess.start(ground);
    processes.push(one);
    const other = await ApiProcess.start(ground);
    processes.push(other);
    const host: Host = {
      get url() {
        return one.url;
      },
      ask: (method, path, asking) => one.ask(method, path, asking),
      installation: ground.installation,
    };
    const scene: Scene = { host, one, other, random, figures: [] };
    const breaches: Breach[] = [];
    for (let round = 0; round < rounds; round++)
      for (const name of chosen) {
        const found = await attacks[name]!(scene);
        breaches.push(...found.map((what) => ({ rule: 'D14', what: `${name}: ${what}` })));
      }
    say(`${rounds} × ${chosen.join(', ')} over two processes`);
    return {
      figures: [{ what: 'attacks', value: rounds * chosen.length, unit: '' }, ...scene.figures],
      breaches: [...breaches, ...(await brokenInvariants(ground))],
    };
  } finally {
    for (const api of processes) await api.kill();
    await ground.close();
  }
}

const codeOf = ({ body }: Answer<unknown>): string => (body as { code?: string } | undefined)?.code ?? '';
const isSignedIn = async (url: string, cookie: string): Promise<boolean> =>
  (await ask(url, 'GET', session, { cookie })).status === 200;
const expectCode = (what: string, answer: Answer<unknown>, ...codes: string[]): string[] =>
  codes.includes(codeOf(answer)) ? [] : [`${what} was answered ${answer.status} ${codeOf(answer)}`];
const somewhere = (random: Random): string => `10.${random.below(256)}.${random.below(256)}.${random.below(256)}`;
const from = (address: string): Asking => ({ headers: { 'x-forwarded-for': address } });

/** Parallel, from many places, over both processes: one of them is signed in. */
async function codeIsUsedOnce({ host, one, other, random }: Scene): Promise<string[]> {
  const account = await TestAccount.join(host);
  await account.addTotp();
  const begun = await Promise.all(
    Array.from({ length: parallelUses }, async () => {
      const place = from(somewhere(random));
      return { place, cookie: (await account.enterPassword(place)).cookie };
    }),
  );
  // The limits are another attack's matter: here every use must come to the code itself.
  await host.installation.asAdmin(null, 'delete from sign_in_limits');
  await host.installation.asAdmin(null, `update sign_in_steps set wrong_codes = -1000 where user_id = $1`, [
    account.userId,
  ]);
  const code = await account.code();
  const uses = await Promise.all(
    begun.map(({ place, cookie }, n) =>
      ask(n % 2 === 0 ? one.url : other.url, 'POST', `${session}/second-factor`, { ...place, cookie, body: { code } }),
    ),
  );
  const successes = uses.filter(({ status }) => status === 201).length;
  const strange = uses.filter(
    (use) => use.status !== 201 && !['code_wrong', 'too_many_attempts'].includes(codeOf(use)),
  );
  return [
    ...(successes === 1 ? [] : [`${successes} of ${parallelUses} uses succeeded`]),
    ...strange.map(({ status, text }) => `a use was answered ${status} ${text.slice(0, 100)}`),
  ];
}

/** Tokens of the wrong kind, altered, cut, made up, or of a format that this API never gave. */
async function forgedTokens({ host, one, other, random }: Scene): Promise<string[]> {
  const account = await TestAccount.join(host);
  const token = account.cookie.split('=')[1]!;
  const at = random.below(token.length - 1); // of the last digit only four bits count
  const other64 = token[at] === 'A' ? 'B' : 'A';
  const jwt = (header: object) =>
    [header, { sub: account.userId, iss: 'http://localhost:4400', aud: 'tenantry', exp: 4_102_444_800 }, '']
      .map((part) => (part === '' ? '' : Buffer.from(JSON.stringify(part)).toString('base64url')))
      .join('.');
  await account.addTotp();
  const step = (await account.enterPassword()).cookie.split('=')[1]!;
  const forged = [
    ...[token.slice(0, at) + other64 + token.slice(at + 1), token.slice(0, -1), `${token}A`, token.toUpperCase()],
    ...[randomBytes(32).toString('base64url'), 'A'.repeat(43), step, `'; delete from sessions; --`],
    ...[jwt({ alg: 'none' }), jwt({ alg: 'HS256', kid: '../../../../dev/null' }), jwt({ alg: 'RS256', jku: one.url })],
  ];
  const found: string[] = [];
  for (const [n, one64] of forged.entries())
    for (const url of [one.url, other.url]) {
      if (one64 !== account.cookie.split('=')[1] && (await isSignedIn(url, `tenantry=${one64}`)))
        found.push(`the forged session ${n} opened`);
      const bearer = await ask(url, 'GET', session, { headers: { authorization: `Bearer ${one64}` } });
      if (bearer.status === 200) found.push(`the forged bearer ${n} opened`);
    }
  const again = `tenantry=${token}`;
  if (await isSignedIn(one.url, again)) found.push('the token from before the factor was added still opens');
  return found;
}

/** A token that was planted before the sign-in is worth nothing after it, and each elevation brings another. */
async function fixation({ host, one, other }: Scene): Promise<string[]> {
  const found: string[] = [];
  const victim = await TestAccount.join(host);
  const attacker = await TestAccount.join(host);
  await victim.addTotp();
  const body = { email: victim.email, password: victim.password };
  const planted = ['A'.repeat(43), attacker.cookie.split('=')[1]!, randomBytes(32).toString('base64url')];
  for (const token of planted) {
    const cookie = `tenantry=${token}; tenantry-step=${token}`;
    const first = await ask(one.url, 'POST', session, { body, cookie });
    const step = cookiesOf(first);
    const finished = await ask(other.url, 'POST', `${session}/second-factor`, {
      body: { code: await victim.code() },
      cookie: `tenantry=${token}; ${step}`,
    });
    if (finished.status !== 201) found.push(`the sign-in was answered ${finished.status} ${codeOf(finished)}`);
    const own = cookiesOf(finished);
    if (own.includes(token)) found.push('the planted token was kept');
    const asPlanted = await ask(one.url, 'GET', session, { cookie: `tenantry=${token}` });
    if ((asPlanted.body as { user?: { id: string } }).user?.id === victim.userId) found.push('the planted token opens');
    if (await isSignedIn(one.url, step.replace('tenantry-step', 'tenantry'))) found.push('the step opens as a session');
    const confirmed = await ask(one.url, 'POST', `${session}/confirm`, {
      body: { password: victim.password, code: await victim.code() },
      cookie: own,
    });
    if (confirmed.status !== 200) found.push(`confirming was answered ${confirmed.status} ${codeOf(confirmed)}`);
    if (await isSignedIn(one.url, own)) found.push('the token from before the confirmation opens');
    if (!(await isSignedIn(one.url, cookiesOf(confirmed)))) found.push('the new token does not open');
  }
  return found;
}

/** A browser that is signed in is sent by another page. */
async function otherSites({ host, one }: Scene): Promise<string[]> {
  const account = await TestAccount.join(host, [{ role: 'admin', scope: { kind: 'platform' } }]);
  const evil: Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost:4400.evil.example' },
    { 'sec-fetch-site': 'cross-site', origin: 'http://localhost:4400' },
  ];
  const acts: [method: string, path: string, body?: object][] = [
    ['POST', session, { email: account.email, password: account.password }],
    ['DELETE', session],
    ['DELETE', '/api/v1/sessions'],
    ['POST', '/api/v1/account/password', { current: account.password, password: 'chosen by somebody else' }],
    ['POST', '/api/v1/account/email', { email: 'evil@example.org' }],
    ['POST', '/api/v1/account/totp'],
    ['POST', '/api/v1/people', { email: 'evil@example.org' }],
    ['POST', '/api/v1/tenants', { name: 'Evil' }],
  ];
  const found: string[] = [];
  for (const headers of evil)
    for (const [method, path, body] of acts) {
      const answer = await ask(one.url, method, path, { cookie: account.cookie, headers, ...(body ? { body } : {}) });
      found.push(...expectCode(`${method} ${path} from ${JSON.stringify(headers)}`, answer, 'cross_origin'));
    }
  const plain = await ask(one.url, 'POST', session, {
    raw: new URLSearchParams({ email: account.email, password: account.password }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'none' },
  });
  return [...found, ...expectCode('a form', plain, 'unsupported_media_type')];
}

/** Who has copied a cookie loses it with the owner: on the other process within a second, its event stream too. */
async function stolenSession({ host, one, other, random, figures }: Scene): Promise<string[]> {
  const account = await TestAccount.join(host, [{ role: 'auditor', scope: { kind: 'platform' } }]);
  const stolen = account.cookie;
  if (!(await isSignedIn(other.url, stolen))) return ['the stolen session did not open to begin with'];
  const runId = await openRun(host);
  const stream = await streamEnd(other.url, stolen, runId);
  const ways: Record<string, () => Promise<unknown>> = {
    'sign-out': () => ask(one.url, 'DELETE', session, { cookie: stolen }),
    'a new password': () =>
      ask(one.url, 'POST', '/api/v1/account/password', {
        cookie: stolen,
        body: { current: account.password, password: 'changed after the theft' },
      }),
    'being disabled': () => one.ask('POST', `/api/v1/people/${account.userId}/disable`),
  };
  const way = random.one(Object.keys(ways));
  await ways[way]!();
  const ended = performance.now();
  while (await isSignedIn(other.url, stolen)) {
    const ms = performance.now() - ended;
    if (ms > endsWithinMs)
      return [`after ${way}, the stolen session opened for ${Math.round(ms)} ms on the other process`];
  }
  figures.push({ what: `session gone elsewhere after ${way}`, value: performance.now() - ended, unit: 'ms' });
  const late = await stream.within(2 * endsWithinMs);
  await host.installation.asAdmin(null, 'delete from runs where id = $1', [runId]);
  return late ? [`after ${way}, the stolen event stream went on`] : [];
}

/** A run that is under way as far as streams can tell. */
async function openRun({ installation }: Host): Promise<string> {
  const [run] = await installation.asAdmin<{ id: string }>(
    null,
    `insert into runs (id, kind, tenant_id, state, exclusive, cancellable, workflow_id, workflow_started_at)
     values (gen_random_uuid(), 'sweepOrphans', null, 'running', false, false, gen_random_uuid()::text, now()) returning id`,
  );
  return run!.id;
}

async function streamEnd(
  url: string,
  cookie: string,
  runId: string,
): Promise<{ within(ms: number): Promise<boolean> }> {
  const { hostname, port } = new URL(url);
  const path = `/api/v1/runs/${runId}/events`;
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, agent: false, headers: { cookie } }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`the stream was answered ${response.statusCode}`));
      response.resume();
      const closed = new Promise<boolean>((end) => response.once('close', () => end(false)));
      resolve({
        async within(ms) {
          const late = new Promise<boolean>((end) => setTimeout(() => end(true), ms).unref());
          const isLate = await Promise.race([closed, late]);
          asked.destroy();
          return isLate;
        },
      });
    });
    asked.once('error', reject);
    asked.end();
  });
}

/** Ten guesses and no more, over both processes, and a kill forgets none of them. */
async function guessing({ host, one, other, random }: Scene): Promise<string[]> {
  const account = await TestAccount.join(host);
  const place = from(somewhere(random));
  const guess = (url: string, password: string) =>
    ask(url, 'POST', session, { ...place, body: { email: account.email, password } });
  const first = await Promise.all(Array.from({ length: 8 }, (_, n) => guess([one, other][n % 2]!.url, 'a guess')));
  await other.kill();
  await other.restart();
  const second = await Promise.all(Array.from({ length: 8 }, (_, n) => guess([one, other][n % 2]!.url, 'a guess')));
  const tried = [...first, ...second].filter((answer) => codeOf(answer) === 'bad_credentials').length;
  const held = await guess(other.url, account.password);
  return [
    ...(tried === 10 ? [] : [`${tried} guesses were looked at`]),
    ...expectCode('the right password after them', held, 'too_many_attempts'),
  ];
}
