import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { listKeys } from '#domain/audit/signingKeys.ts';
import { listLicenseKeys } from '#domain/licenses/keys/signingKeys.ts';
import { openRegistry } from '#domain/database.ts';
import { masterKeyIdOf } from '#domain/secrets/keyring.ts';
import { rows } from '#domain/sql.ts';
import { setUpDatabase } from '#migrations/setUp.ts';
import { createLogger } from '#observability/logging.ts';
import { ApiInstallation } from '#test/api/apiInstallation.ts';
import { smallPolicy } from '#test/api/licenses/smallPolicy.ts';
import { tenantry } from '#test/cli/tenantry.ts';
import { startWorker, type RunningWorker } from '#workers/worker.ts';
import { RunbookWorld } from '../runbookWorld.ts';
import { carriedOut, ended, outputOf } from './carriedOut.ts';

describe('a shipped runbook for the platform', () => {
  let world: RunbookWorld;
  let worker: RunningWorker;
  let folder: string;
  let product: Server;
  let live = 'old';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tenantry-shipped-'));
    await chmod(folder, 0o711);
    const api = await ApiInstallation.start((same) => same, {
      TENANTRY_BACKUP_PLACE: join(folder, 'backups'),
      TENANTRY_STEPS_TO_PRIVATE_NETWORKS: 'true',
    });
    worker = await api.installation.startWorker();
    world = new RunbookWorld(api);
    product = createServer((_request, response) => void response.writeHead(live === 'broken' ? 503 : 200).end(live));
    await new Promise<void>((resolve) => product.listen(0, '127.0.0.1', resolve));
  });
  after(async () => {
    product?.closeAllConnections();
    product?.close();
    await worker?.stop();
    await world?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const paused = async (): Promise<boolean> =>
    (await world.api.installation.asAdmin(null, `select 1 from switches where name = 'provisioning' and paused`))
      .length > 0;

  describe('"Deploy, and roll back"', () => {
    const inputs = () => ({
      ...{ version: '2', present: '1' },
      'health-url': `http://127.0.0.1:${(product.address() as AddressInfo).port}/`,
    });

    it('deploys while nothing is provisioned', async () => {
      const over = await carriedOut(world, 'deploy-and-roll-back', {
        inputs: inputs(),
        deeds: {
          deploy: async () => {
            assert.equal(await paused(), true);
            live = 'new';
          },
        },
      });
      ended(over);
      assert.equal(await paused(), false);
    });

    it('rolls back to the version that was live when the new one is worse', async () => {
      const over = await carriedOut(world, 'deploy-and-roll-back', {
        inputs: inputs(),
        deeds: {
          // Asked twice: to deploy, and, on the way back, to deploy the old one again.
          deploy: ({ state }) => void (live = state === 'undoing' ? 'old' : 'new'),
          look: ({ waitsFor }) => (waitsFor === 'person' ? { outcome: 'failed', note: 'Slow' } : { decision: 'stop' }),
        },
      });
      ended(over, 'rolled_back');
      assert.deepEqual([live, await paused()], ['old', false]);
      assert.partialDeepStrictEqual(world.states(over), { hold: 'undone', deploy: 'undone' });
    });

    it('in practice looks at what is live, and pauses nothing', async () => {
      const over = await carriedOut(world, 'deploy-and-roll-back', { inputs: inputs(), practice: true });
      ended(over);
      assert.partialDeepStrictEqual(world.states(over), { hold: 'done', deploy: 'skipped', compare: 'done' });
      assert.equal(await paused(), false);
    });
  });

  describe('"Rotate the signing keys"', () => {
    const inputs = { product: `p-${randomBytes(4).toString('hex')}`, 'publish-seconds': 0 };
    before(async () => {
      const { status, text } = await world.api.ask('POST', `/api/v1/license-policies/${inputs.product}/versions`, {
        body: { baseVersion: 0, rules: { ...smallPolicy, product: inputs.product } },
      });
      assert.equal(status, 201, text);
    });
    const keys = async () => {
      const { em, platform } = world.api.installation;
      const licence = await listLicenseKeys(em, platform.installation, inputs.product, new Date());
      return { licence: licence.map(({ kid, state }) => `${kid} ${state}`), audit: await listKeys(em) };
    };

    it('in practice makes no key', async () => {
      await carriedOut(world, 'rotate-signing-keys', { inputs, practice: true }); // the first keys are made by whoever looks
      const before = await keys();
      ended(await carriedOut(world, 'rotate-signing-keys', { inputs, practice: true }));
      assert.deepEqual(await keys(), before);
    });

    it('signs the audit and licences by new keys, and publishes the old ones still', async () => {
      const before = await keys();
      const over = await carriedOut(world, 'rotate-signing-keys', { inputs });
      ended(over);
      const { licence, audit } = await keys();
      const [told, toldAudit] = [outputOf(over, 'license'), outputOf(over, 'audit')];
      assert.deepEqual(licence, [`${String(told['to'])} current`, `${String(told['from'])} retired`]);
      assert.deepEqual([audit[0]?.kid, audit[1]?.kid], [toldAudit['to'], toldAudit['from']]);
      assert.equal(audit.length, before.audit.length + 1);
    });

    it('lets the old key sign until the next one was published for as long as it is told', async () => {
      const over = await carriedOut(world, 'rotate-signing-keys', {
        inputs: { ...inputs, 'publish-seconds': 86_400 },
        deeds: {
          signs: ({ waitsFor, reasonCode }) => {
            assert.deepEqual([waitsFor, reasonCode], ['decision', 'check_failed']);
            return { decision: 'skip', reason: 'It is looked at tomorrow' };
          },
        },
      });
      ended(over);
      assert.deepEqual(
        (await keys()).licence.map((one) => one.split(' ')[1]),
        ['next', 'current', 'retired'],
      );
    });
  });

  describe('"Respond to an incident"', () => {
    for (const practice of [true, false])
      it(`asks each role for its part, and keeps what is there${practice ? '; in practice the same, as an exercise' : ''}`, async () => {
        const said: string[] = [];
        const over = await carriedOut(world, 'respond-to-an-incident', {
          inputs: { what: 'Sign-in is slow' },
          practice,
          deeds: {
            declare: () => ({ answers: { severity: 2, channel: 'the bridge' } }),
            tell: ({ message }) => void said.push(message!),
            contain: () => ({ answers: { done: 'the realm was restarted' } }),
            resolve: ({ instructions }) => {
              said.push(instructions);
              return { answers: { 'personal-data': false } };
            },
            authorities: () => ({ answers: { decision: 'nobody: no personal data' } }),
            learn: () => ({ answers: { actions: 2 } }),
          },
        });
        ended(over);
        assert.match(said[0]!, /Sign-in is slow.*Severity 2/);
        assert.match(said[1]!, /the realm was restarted/);
        assert.partialDeepStrictEqual(world.states(over), { keep: 'done', compare: 'done', learn: 'done' });
        const report = await world.api.ask('GET', `/api/v1/runbook-executions/${over.runId}/report`);
        assert.match(report.text, /Incident commander|Contain it/);
      });
  });

  describe('"Lose the control plane"', () => {
    let keyFile: string;
    before(async () => {
      const { installation } = world.api;
      keyFile = join(folder, 'master.key');
      await writeFile(keyFile, `${installation.env['TENANTRY_MASTER_KEY']}\n`);
      const { code, said } = await tenantry(['backup', 'platform'], installation.env);
      assert.equal(code, 0, said);
    });

    it('in practice finds the newest backup, and writes one of which every byte is read again', async () => {
      const over = await carriedOut(world, 'lose-the-control-plane', { practice: true });
      ended(over);
      assert.partialDeepStrictEqual(world.states(over), { fence: 'skipped', find: 'done', restore: 'done' });
      const { childRunId } = over.steps.find(({ key }) => key === 'restore')!;
      assert.equal((await world.api.installation.run(childRunId!)).kind, 'backupPlatform');
    });

    it('brings it back on another machine by what its steps say, and goes on where nobody has to', async () => {
      const { installation } = world.api;
      const name = `test_${randomBytes(5).toString('hex')}`;
      const password = () => randomBytes(12).toString('hex');
      try {
        const over = await carriedOut(world, 'lose-the-control-plane', {
          deeds: {
            restore: async ({ instructions }) => {
              const [, ...args] = /^npm run tenantry -- (.*?) +#/m.exec(instructions)![1]!.split(' ');
              const urls = await setUpDatabase({
                ...{ adminUrl: installation.adminUrl, database: name, rolePrefix: name },
                passwords: { migrator: password(), app: password(), provisioner: password(), reader: password() },
              });
              await mkdir(join(folder, 'elsewhere'));
              const given = args.map((one) => ({ PLACE: join(folder, 'backups'), FILE: keyFile })[one] ?? one);
              const { code, said } = await tenantry(['restore', ...given], {
                TENANTRY_MIGRATOR_DATABASE_URL: urls.migratorUrl,
                TENANTRY_DATA_DIR: join(folder, 'elsewhere'),
              });
              assert.equal(code, 0, said);
              const restored = await openRegistry(urls.appUrl, { poolSize: 1 });
              const found = await rows<{ id: string }>(restored.em.fork())`select id from installations`;
              await restored.close(true);
              assert.deepEqual(found, [{ id: installation.platform.installation.id }]);
            },
          },
        });
        ended(over);
        assert.deepEqual(new Set(Object.values(world.states(over))), new Set(['done']));
      } finally {
        await installation.asAdmin('postgres', `drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
      }
    });
  });

  // The last one: from here on the worker has another key than the rest of this file.
  describe('"Rotate the master key"', () => {
    const standing = async () =>
      (
        await world.api.installation.asAdmin<{ current: string; next: string | null }>(
          null,
          'select master_key_id as current, next_master_key_id as next from installations',
        )
      )[0]!;

    it('in practice shows that the key of the worker is in force', async () => {
      const before = await standing();
      const over = await carriedOut(world, 'rotate-master-key', { practice: true });
      ended(over);
      assert.equal(outputOf(over, 'settle')['current'], before.current);
      assert.deepEqual(await standing(), before);
    });

    it('lets either key open the registry, and settles by none but a worker that has the new one', async () => {
      const { installation } = world.api;
      const file = join(folder, 'new.key');
      let next = Buffer.alloc(0);
      const restart = async (): Promise<void> => {
        await worker.stop();
        const configuration = { ...installation.configuration, masterKey: next };
        worker = await startWorker(configuration, { logger: createLogger('test', { level: 'fatal' }) });
      };
      const over = await carriedOut(world, 'rotate-master-key', {
        deeds: {
          offer: async () => {
            const { code, said } = await tenantry(['master-key', 'offer', '--new-key', file], installation.env);
            assert.equal(code, 0, said);
            next = Buffer.from((await readFile(file, 'utf8')).trim(), 'base64');
          },
          // Somebody says that it was restarted, and it was not.
          settle: async ({ reasonCode }) => {
            assert.equal(reasonCode, 'master_key_wrong');
            await restart();
            return { decision: 'retry' };
          },
        },
      });
      ended(over);
      assert.deepEqual(await standing(), { current: masterKeyIdOf(next), next: null });
      assert.equal(outputOf(over, 'settle')['current'], masterKeyIdOf(next));
    });
  });
}).timeout(300_000);
