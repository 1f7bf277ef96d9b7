import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { TestInstallation } from '../servers/installation.ts';
import type { StepIn } from '../servers/faults.ts';

describe("inviting a tenant's admin", () => {
  let installation: TestInstallation;
  let stepIn: StepIn = async () => undefined;
  let answers: number[] = [];
  const recipients: string[] = [];
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
      stream.resume().once('end', () => done());
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
    return { run, tenant, step: run.steps[0] };
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
