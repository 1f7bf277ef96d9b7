import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { theSystem } from '#domain/events/appendEvent.ts';
import { issueWorkerToken } from '#domain/workerTokens/workerTokens.ts';
import { ApiInstallation } from '../api/apiInstallation.ts';
import { CallReceiver } from '../servers/callReceiver.ts';
import { planWith } from '../servers/outsidePlan.ts';
import { goWorker, NoToolchain, pythonWorker, type Command } from './toolchains.ts';

const languages: [name: string, build: () => Promise<Command>][] = [
  ['Python', pythonWorker],
  ['Go', goWorker],
];

for (const [language, build] of languages)
  describe(`the example of a custom step in ${language}`, function () {
    this.timeout(120_000);
    const queue = `crm-${language.toLowerCase()}`;
    let command: Command;
    let api: ApiInstallation;
    let billing: CallReceiver;
    let crm: string;
    let token: string;
    const running: ChildProcess[] = [];

    before(async function () {
      this.timeout(900_000);
      try {
        command = await build();
      } catch (error) {
        if (!(error instanceof NoToolchain) || process.env['CI']) throw error;
        console.log(`    skipped: ${error.message}`);
        this.skip();
      }
      api = await ApiInstallation.start((same) => same, {
        TENANTRY_STEPS_TO_PRIVATE_NETWORKS: 'true',
        TENANTRY_UNDO_PATIENCE_SECONDS: '3',
      });
      await api.installation.startWorker();
      billing = await CallReceiver.start();
      crm = await mkdtemp(join(tmpdir(), 'tenantry-crm-'));
      ({ token } = await issueWorkerToken(
        api.installation.em,
        { name: language, taskQueue: queue, days: 1 },
        theSystem,
      ));
      await startWorker(queue, token);
      await planWith(api.installation, 'crm', [account(queue), invoice]);
    });
    after(async () => {
      for (const child of running) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      await billing?.stop();
      await api?.stop();
    });
    beforeEach(() => {
      billing.calls.length = 0;
      billing.reply = () => ({ status: 200, body: {} });
    });

    async function startWorker(taskQueue: string, withToken: string): Promise<void> {
      const child = spawn(command.file, command.args, {
        cwd: command.cwd,
        stdio: ['ignore', 'pipe', process.env['DEBUG'] ? 'inherit' : 'ignore'],
        env: {
          ...process.env,
          TENANTRY_URL: api.url,
          TENANTRY_WORKER_TOKEN: withToken,
          TASK_QUEUE: taskQueue,
          TEMPORAL_ADDRESS: api.installation.configuration.temporal.address,
          CRM_DIR: crm,
        },
      });
      running.push(child);
      for await (const line of createInterface(child.stdout!)) if (line === 'ready') return;
      throw new Error(`the worker ended before it was ready (${child.exitCode})`);
    }
    const account = (taskQueue: string, input: object = { slug: { $tenant: 'slug' } }) => ({
      key: 'account',
      kind: 'custom',
      title: 'Create the account',
      taskQueue,
      activity: 'crm.create_account',
      undo: 'crm.delete_account',
      timeoutSeconds: 20,
      input,
      outputSchema: { type: 'object', properties: { account: { type: 'string' } }, required: ['account'] },
    });
    const invoice = {
      key: 'invoice',
      kind: 'http',
      title: 'Open the invoices',
      get url() {
        return `${billing.url}/invoices`;
      },
      get undoUrl() {
        return `${billing.url}/undo`;
      },
      timeoutSeconds: 20,
      input: { of: { $from: 'steps.account.account' } },
    };
    const accounts = async () => (await readdir(crm)).toSorted();
    const provision = async (name: string, plan = 'crm') => {
      const created = await api.installation.createTenant({ name, plan });
      return { ...created, run: await api.installation.runIsOver(created.runId, 90_000) };
    };

    it('gives a tenant its account; a later step is told of it', async () => {
      const { tenantId, slug, run } = await provision('Served');
      assert.equal(run.state, 'succeeded', run.reason ?? '');
      assert.partialDeepStrictEqual(JSON.parse(await readFile(join(crm, `${tenantId}.json`), 'utf8')), { slug });
      assert.deepEqual(
        billing.calls.map(({ body }) => body.input),
        [{ of: `crm-${tenantId.slice(0, 8)}` }],
      );
    });

    it('takes the account back when a later step fails for good', async () => {
      const before = await accounts();
      billing.reply = ({ path }) => ({ status: path === '/undo' ? 200 : 422 });
      const { run } = await provision('Undone');
      assert.equal(run.state, 'rolled_back', run.reason ?? '');
      assert.equal(run.reason, '127.0.0.1 refused the call for good (422).');
      assert.deepEqual(await accounts(), before);
    });

    it('says by the type of its error why it will never do it', async () => {
      const before = await accounts();
      await planWith(api.installation, 'many', [account(queue, { slug: 'x', seats: 101 })]);
      const { run } = await provision('Too many', 'many');
      assert.equal(run.state, 'rolled_back', run.reason ?? '');
      assert.match(run.reason ?? '', /failed \(TooManySeats\); the log of its worker tells more/);
      assert.deepEqual(await accounts(), before);
    });

    it('is refused by the codec with the token of another queue', async () => {
      const before = await accounts();
      await startWorker(`${queue}-other`, token);
      await planWith(api.installation, 'other', [account(`${queue}-other`)]);
      const { run } = await provision('Wrong token', 'other');
      assert.notEqual(run.state, 'succeeded');
      assert.deepEqual(await accounts(), before);
    });
  });
