import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fingerprintOf, type Arrival, type HandOverFile, type NewArrivedTenant } from '#contracts/backups/arrivals.ts';
import type { DomainError } from '#contracts/errors.ts';
import { askForTenant, forgetArrivals, listArrivals, withdrawArrival } from '#domain/backups/arriving/arrivals.ts';
import { bringTenant, openArrival, planArrival } from '#domain/backups/arriving/bringTenant.ts';
import { handOverBackup, listHandOvers } from '#domain/backups/arriving/givingAway.ts';
import { signStatement } from '#domain/audit/statements.ts';
import { folderOf } from '#domain/backups/format/manifest.ts';
import { appendErasure, openErasureLedger } from '#domain/erasure/erasureLedger.ts';
import { mirrorErasures } from '#domain/erasure/erasureMirror.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { countPeople } from '#domain/members/realmPeople.ts';
import { startRun } from '#temporal/startRun.ts';
import { addMember } from '#test/scenarios/handover/ownership.ts';
import { certified } from '#test/scenarios/offboarding/leavingTenant.ts';
import { BackupWorld } from './backedUpTenant.ts';
import { keepBackup } from './keepBackup.ts';
import { newSigner } from './newSigner.ts';
import { thingsOf } from './thingsOf.ts';

describe('a tenant that goes to another installation', function () {
  this.timeout(180_000);
  let from: BackupWorld;
  let to: BackupWorld;
  let migrations: string;
  let tenantId: string;
  let slug: string;
  let backupId: string;

  before(async () => {
    migrations = await mkdtemp(join(tmpdir(), 'tenantry-migrations-'));
    await cp(join(import.meta.dirname, '../../../migrations/tenant'), migrations, { recursive: true });
    from = await BackupWorld.start({ TENANTRY_TENANT_MIGRATIONS: migrations });
    to = await BackupWorld.start({ TENANTRY_ARRIVALS_PLACE: from.installation.configuration.backups.place });
  });
  after(async () => {
    await from?.stop();
    await to?.stop();
    await rm(migrations, { recursive: true, force: true });
  });
  beforeEach(async () => {
    ({ tenantId, slug } = await from.installation.provision({
      name: `Goes ${Math.random()}`,
      labels: { team: 'one' },
    }));
    await there.set('then');
    await there.put('docs/one.txt', 'then');
    backupId = await keepBackup(from.installation, tenantId);
  });

  const there = thingsOf(
    () => from,
    () => tenantId,
  );
  const here = thingsOf(
    () => to,
    () => '',
  );
  const ask = () => askForTenant(to.installation.em, to.deps.installation, theSystem);
  const give = async ({ request, fingerprint }: Pick<Arrival, 'request' | 'fingerprint'>, of = backupId) => {
    await from.deps.tenantKeys.find(tenantId);
    return (
      await from.installation.em.transactional((em) =>
        handOverBackup(em, from.deps, tenantId, { backupId: of, request, fingerprint }, theSystem),
      )
    ).file;
  };
  const plan = (arrival: Arrival, file: HandOverFile) => planArrival(to.installation.em, to.deps, arrival.id, file);
  const open = async (arrival: Arrival, file: HandOverFile, wanted: Partial<NewArrivedTenant> = {}) => {
    const { key } = await openArrival(to.installation.em, to.deps, arrival.id, file);
    return to.installation.em.transactional((em) =>
      bringTenant(
        em,
        to.deps,
        { arrivalId: arrival.id, key },
        { file, signer: file.kid, name: `Come ${Math.random()}`, ...wanted },
        theSystem,
      ),
    );
  };
  const bring = async (arrival: Arrival, file: HandOverFile, wanted: Partial<NewArrivedTenant> = {}) => {
    const made = await open(arrival, file, wanted);
    await startRun(to.installation.platform, to.installation.temporal.client, made.runId);
    return { ...made, run: await to.installation.runIsOver(made.runId, 90_000) };
  };
  const refused = (code: string) => (error: unknown) => {
    assert.equal((error as DomainError).code, code, String(error));
    return true;
  };
  /** As somebody with a key of their own would, who wants it to be believed. */
  const signedAnew = (file: HandOverFile, change: Partial<HandOverFile>, signer = newSigner()): HandOverFile => {
    const { kid: _kid, signature: _signature, ...statement } = { ...file, ...change };
    const signers = [...statement.signers, { kid: signer.signer.kid, x: signer.x }];
    return signStatement({ ...statement, signers }, signer.signer);
  };
  const keysAt = async (arrivalId: string) =>
    (
      await to.installation.asAdmin<{ private: boolean; key: boolean }>(
        null,
        'select sealed_private is not null as private, sealed_key is not null as key from arrivals where id = $1',
        [arrivalId],
      )
    )[0];

  it('is a tenant of its own there, with people and objects, and stays what it is here', async () => {
    const member = await addMember(from.installation, { tenantId, slug }, 'somebody@goes.example', 'member');
    assert.ok(member);
    backupId = await keepBackup(from.installation, tenantId);
    await there.now();
    const arrival = await ask();
    const file = await give(arrival);
    const planned = await plan(arrival, file);
    assert.partialDeepStrictEqual(planned, {
      ...{ from: from.deps.installation.id, standing: 'new', tenantId, backupId, schemaVersion: 1 },
      signer: (await listHandOvers(from.installation.em, from.deps.installation, tenantId)).signer,
    });
    assert.ok(planned.tables.some(({ name }) => name === 'settings'));
    const { run, ...made } = await bring(arrival, file, { slug: `came-${slug.slice(-8)}` });
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    assert.notEqual(made.tenantId, tenantId);
    assert.deepEqual(
      [await here.get(made.tenantId), await readFile(here.object('docs/one.txt', made.tenantId), 'utf8')],
      ['then', 'then'],
    );
    assert.deepEqual([await there.get(), await there.state()], ['now', 'active']);
    assert.deepEqual(
      (await countPeople(to.installation.em, made.tenantId)).people,
      (await countPeople(from.installation.em, tenantId)).people,
    );
    assert.notDeepEqual(
      (await to.deps.tenantKeys.of(made.tenantId)).key,
      (await from.deps.tenantKeys.of(tenantId)).key,
    );

    assert.deepEqual(await keysAt(arrival.id), { private: true, key: true });
    await forgetArrivals(to.installation.em);
    assert.deepEqual(await keysAt(arrival.id), { private: false, key: false });
    await assert.rejects(plan(arrival, file), refused('arrival_over'));
    assert.partialDeepStrictEqual((await listArrivals(to.installation.em, to.deps.installation))[0], {
      ...{ state: 'brought', tenantId: made.tenantId, runId: made.runId },
    });
    const told = await from.installation.asAdmin<{ data: object }>(
      null,
      `select data from events where tenant_id = $1 and type = 'tenant.handed_over'`,
      [tenantId],
    );
    assert.partialDeepStrictEqual(told, [{ data: { to: to.deps.installation.id, arrival: arrival.id } }]);

    const again = await ask();
    assert.equal((await plan(again, await give(again))).standing, 'known');
  });

  it('brings what was chosen alone', async () => {
    const arrival = await ask();
    const { run, tenantId: made } = await bring(arrival, await give(arrival), { only: { tables: ['settings'] } });
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    assert.equal(await here.get(made), 'then');
    await assert.rejects(readFile(here.object('docs/one.txt', made)), /ENOENT/);
  });

  it('is handed over to nobody else than whom the fingerprint names, nor to itself, nor too late', async () => {
    const [one, other] = [await ask(), await ask()];
    await assert.rejects(
      give({ request: one.request, fingerprint: other.fingerprint }),
      refused('confirmation_mismatch'),
    );
    const publicKey = 'A'.repeat(43); // a point of small order: whoever sends it would know the key
    await assert.rejects(
      give({ request: { ...one.request, publicKey }, fingerprint: await fingerprintOf(publicKey) }),
      refused('confirmation_mismatch'),
    );
    const own = await askForTenant(from.installation.em, from.deps.installation, theSystem);
    await assert.rejects(give(own), refused('hand_over_own'));
    const late = { ...one, request: { ...one.request, until: new Date(Date.now() - 1_000).toISOString() } };
    await assert.rejects(give(late), refused('arrival_over'));
    await assert.rejects(give(one, crypto.randomUUID()), refused('backup_not_found'));
  });

  it('is believed only as it was signed, by whom a person named, for the request that it was made for', async () => {
    const [arrival, other] = [await ask(), await ask()];
    const file = await give(arrival);
    const otherTenant = await from.installation.provision({ name: `Other ${Math.random()}` });
    const foreign = await keepBackup(from.installation, otherTenant.tenantId);
    for (const change of [
      { tenant: otherTenant.tenantId },
      { backup: foreign },
      { sealed: 'AAAA' },
      { arrival: other.id },
    ])
      await assert.rejects(plan(arrival, { ...file, ...change }), refused('backup_forged'), JSON.stringify(change));
    await assert.rejects(plan(other, file), refused('hand_over_for_another'));
    await assert.rejects(plan(other, signedAnew(file, { arrival: other.id })), refused('backup_wrong_key'));
    await assert.rejects(
      plan(arrival, signedAnew(file, { tenant: otherTenant.tenantId, backup: foreign })),
      refused('backup_wrong_key'),
    );
    await assert.rejects(plan(arrival, signedAnew(file, { signers: [] })), refused('backup_signer_unknown'));
    // Whoever signs it anew and names the true key beside theirs is found out by who compares.
    const between = signedAnew(file, {});
    await assert.rejects(open(arrival, between, { signer: file.kid }), refused('confirmation_mismatch'));
    await withdrawArrival(to.installation.em, arrival.id, theSystem);
    await assert.rejects(plan(arrival, file), refused('arrival_over'));
    assert.deepEqual(await keysAt(arrival.id), { private: false, key: false });
  });

  it('leaves nothing behind when its backup is cut short or of a newer release, and comes once that is mended', async () => {
    const arrival = await ask();
    const file = await give(arrival);
    const folder = join(from.installation.configuration.backups.place, folderOf({ tenantId, backupId }), 'parts');
    const [part = ''] = (await readdir(folder)).toSorted();
    const whole = await readFile(join(folder, part));
    await truncate(join(folder, part), 100);
    const first = await bring(arrival, file);
    assert.equal(first.run.state, 'rolled_back');
    assert.match(first.run.reason ?? '', /cut short|not what was written/);
    assert.equal(await here.state(first.tenantId), 'rolled_back');
    await writeFile(join(folder, part), whole);
    const second = await bring(arrival, file);
    assert.equal(second.run.state, 'succeeded', second.run.reason ?? '');

    await writeFile(join(migrations, '0002_newer.sql'), 'alter table tasks add column points int not null default 1;');
    ({ tenantId, slug } = await from.installation.provision({ name: `Newer ${Math.random()}` }));
    const newer = await ask();
    const { run } = await bring(newer, await give(newer, await keepBackup(from.installation, tenantId)));
    await rm(join(migrations, '0002_newer.sql'));
    assert.equal(run.state, 'rolled_back');
    assert.match(run.reason ?? '', /migration 2/);
  });

  it('does not come once it was erased: there, or here before', async () => {
    const [first, second, third] = [await ask(), await ask(), await ask()];
    const [early, late] = [await give(second), await give(third)];
    const { run, ...made } = await bring(first, await give(first));
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    const removal = await to.installation.removeTenant(made.tenantId, made.slug);
    await to.installation.runIsOver(removal.runId);
    await certified(to.installation, made.tenantId);
    await assert.rejects(plan(second, early), refused('tenant_erased'));
    // A registry that was restored to a moment before it came knows of it by the ledger's own line.
    await to.installation.asAdmin(null, 'update arrivals set tenant_id = null where id = $1', [first.id]);
    await assert.rejects(plan(second, early), refused('tenant_erased'));
    const { ledger } = to.installation.configuration.erasure;
    await rm(ledger, { recursive: true });

    assert.equal((await plan(third, late)).tenantId, tenantId);
    const kept = join(from.installation.configuration.backups.place, folderOf({ tenantId, backupId }));
    const copy = join(migrations, backupId);
    await cp(kept, copy, { recursive: true });
    const gone = await from.installation.removeTenant(tenantId, slug);
    await from.installation.runIsOver(gone.runId);
    await assert.rejects(give(await ask()), refused('tenant_erased'));
    const theirs = openErasureLedger(from.installation.configuration);
    await from.installation.em.transactional((em) =>
      appendErasure(em, from.deps.installation, theirs, { tenant: tenantId, certificate: 'x' }),
    );
    await mirrorErasures(theirs, from.deps.backupPlace);
    await mkdir(kept, { recursive: true });
    await cp(copy, kept, { recursive: true });
    await assert.rejects(plan(third, late), refused('tenant_erased'));
    assert.equal((await listHandOvers(from.installation.em, from.deps.installation, tenantId)).items.length, 0);
  });
});
