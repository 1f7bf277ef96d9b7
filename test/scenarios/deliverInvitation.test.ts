import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { theSystem } from '#domain/events/appendEvent.ts';
import { inviteMember } from '#domain/members/changeMembers.ts';
import { countPeople, streamPeople } from '#domain/members/realmPeople.ts';
import { acceptInvitation } from '#domain/people/invitations.ts';
import { findTenantRealm } from '#domain/people/realm.ts';
import { builtinRealm } from '#providers/realm/builtinRealm.ts';
import { TestInstallation } from '../servers/installation.ts';
import type { StepIn } from '../servers/faults.ts';

describe("inviting a tenant's admin", () => {
  let installation: TestInstallation;
  let stepIn: StepIn = async () => undefined;
  let answers: number[] = [];
  const recipients: string[] = [];
  const texts: string[] = [];
  let answersToLose = 0;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo({ address }, _session, done) {
      const responseCode = answers.shift();
      if (responseCode) return done(Object.assign(new Error('The test says no.'), { responseCode }));
      recipients.push(address);
      done();
    },
    onData(stream, _session, done) {
      const pieces: Buffer[] = [];
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      stream.once('end', () => {
        texts.push(Buffer.concat(pieces).toString().replace(/=\r\n/g, '').replaceAll('=3D', '='));
        // Taken and yet not confirmed: the sender has to think that it was not.
        if (answersToLose-- > 0) return done(Object.assign(new Error('The test says later.'), { responseCode: 451 }));
        done();
      });
    },
  });

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    const { port } = server.server.address() as AddressInfo;
    installation = await TestInstallation.start({ SMTP_URL: `smtp://127.0.0.1:${port}` });
    await installation.startWorker((position, attempt) => stepIn(position, attempt));
  });
  after(async () => {
    await installation.stop();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  beforeEach(() => {
    stepIn = async () => undefined;
    answers = [];
    answersToLose = 0;
  });

  async function invite(email: string) {
    const { tenantId, runId } = await installation.provision({ name: `Inviting ${email}`, admin: { email } });
    const [delivery] = await installation.asAdmin<{ id: string }>(
      null,
      'select id from runs where parent_run_id = $1',
      [runId],
    );
    const run = await installation.runIsOver(delivery?.id ?? '');
    const [tenant] = await installation.asAdmin<{ state: string; attention: boolean }>(
      null,
      'select state, attention from tenants where id = $1',
      [tenantId],
    );
    return { tenantId, run, tenant, step: run.steps[0] };
  }

  it('is tried again while the mail server cannot take it', async () => {
    answers = [451];
    const { run, tenant, step } = await invite('patient@smtp.example');
    assert.equal(run.state, 'succeeded');
    assert.deepEqual([step?.state, step?.attempt], ['done', 2]);
    assert.deepEqual(tenant, { state: 'active', attention: false });
    assert.deepEqual(
      recipients.filter((one) => one === 'patient@smtp.example'),
      ['patient@smtp.example'],
    );
  });

  it('makes the named admin a member-to-be, whose link is good whichever of two mails arrived', async () => {
    answersToLose = 1;
    const { tenantId, run } = await invite('twice@smtp.example');
    assert.equal(run.state, 'succeeded');
    const sent = texts.filter((text) => text.includes('twice@smtp.example'));
    assert.ok(sent.length >= 2, 'it was sent twice');
    assert.equal(new Set(sent.map((text) => /#([\w-]{32})/.exec(text)![1])).size, 1);
    assert.equal(new Set(sent.map((text) => /^message-id: .*$/im.exec(text)![0])).size, 1);
    const { em, platform } = installation;
    const realm = (await findTenantRealm(em, platform, tenantId))!;
    const token = /#([\w-]{32})/.exec(sent[0]!)![1]!;
    const given = { token, password: 'a sentence that nobody guesses' };
    const userId = await acceptInvitation(em, realm, given, theSystem);
    const [member] = await installation.asAdmin<Record<string, unknown>>(
      null,
      `select portal_role, tenant_id, activated_at is not null as joined from users where id = $1`,
      [userId],
    );
    assert.deepEqual(member, { portal_role: 'tenant-admin', tenant_id: tenantId, joined: true });
    await assert.rejects(acceptInvitation(em, realm, given, theSystem), { code: 'link_invalid' });
  });

  it('leaves nothing of its people behind when the tenant is removed', async () => {
    const { tenantId } = await invite('leaving@smtp.example');
    const { em, platform } = installation;
    const realm = (await findTenantRealm(em, platform, tenantId))!;
    await em.transactional((tx) =>
      inviteMember(tx, realm, { email: 'member@smtp.example', role: 'member' }, theSystem),
    );
    const people = [];
    for await (const person of streamPeople(em, realm)) people.push(person);
    assert.deepEqual(
      people.map(({ email, role, state, totp }) => [email, role, state, totp]),
      [
        ['leaving@smtp.example', 'tenant-admin', 'invited', false],
        ['member@smtp.example', 'member', 'invited', false],
      ],
    );
    assert.partialDeepStrictEqual(await countPeople(em, tenantId), { people: 2, links: 2 });
    const [realmRow] = await installation.asAdmin<{ id: string; provider: string }>(
      null,
      `select id, provider from resources where tenant_id = $1 and provider = 'realm'`,
      [tenantId],
    );
    const { keyring } = platform.installation;
    const { publicUrl } = platform.configuration;
    const provider = builtinRealm({ registry: platform.registry, keyring, keys: platform.tenantKeys, publicUrl });
    const ref = {
      installationId: platform.installation.id,
      tenantId,
      resourceId: realmRow!.id,
      runId: tenantId,
      epoch: 99,
    };
    await provider.destroy(ref);
    assert.deepEqual(await installation.asAdmin(null, 'select 1 from realms where tenant_id = $1', [tenantId]), []);
    assert.equal((await countPeople(em.fork(), tenantId)).people, 2, 'while its doors are open nobody is taken away');
    const { runId } = await installation.removeTenant(tenantId, realm.linkUrl('invitation', '').split('/')[4]!);
    assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
    assert.deepEqual(
      Object.values(await countPeople(em, tenantId)).filter((count) => count > 0),
      [],
    );
  });

  it('raises attention when it is refused for good, and the tenant stays open', async () => {
    answers = [550];
    const { run, tenant, step } = await invite('unknown@smtp.example');
    assert.equal(run.state, 'needs_attention');
    assert.match(step?.reason ?? '', /refused the mail for good \(550\)/);
    assert.deepEqual([step?.state, step?.attempt], ['failed', 1]);
    assert.deepEqual(tenant, { state: 'active', attention: true });
  });

  it('is skipped, with the reason, when the tenant is not active any more', async () => {
    stepIn = async ({ at, when }) => {
      if (at === 'run.start' && when === 'before')
        await installation.asAdmin(null, `update tenants set state = 'suspended' where state = 'active'`);
    };
    const { run, step } = await invite('gone@smtp.example');
    assert.equal(run.state, 'succeeded');
    assert.equal(step?.state, 'skipped');
    assert.match(step?.reason ?? '', /not active any more/);
    assert.ok(!recipients.includes('gone@smtp.example'));
  });
});
