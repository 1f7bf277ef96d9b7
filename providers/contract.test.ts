import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { DomainError } from '#contracts/errors.ts';
import { schemaNameOf } from '#domain/resources/names.ts';
import { beginDestroying } from '#domain/resources/resourceStates.ts';
import { readTag, writeTag } from '#domain/resources/tags.ts';
import { registerTenant } from '#domain/tenants/registerTenant.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { createDeps, type WorkerDeps } from '#workers/createDeps.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { addLicensedPlan, licensedPlan } from '#test/servers/licensedPlan.ts';
import { plantings } from '#test/servers/plantings.ts';
import type { Planting } from '#test/servers/plantings/planting.ts';
import type { Owned, Provider, ResourceSpec } from './provider.ts';

const refusal = (code: string) => (error: DomainError) => error.code === code;
const never = new AbortController().signal;

describe('every provider', () => {
  let installation: TestInstallation;
  let other: TestInstallation;
  let deps: WorkerDeps;
  let otherDeps: WorkerDeps;

  before(async () => {
    installation = await TestInstallation.start();
    // A second control plane on the same servers, keeping its buckets in the same place.
    other = await TestInstallation.start({ TENANTRY_STORAGE_DIR: installation.configuration.storageDir });
    for (const one of [installation, other]) await addLicensedPlan(one);
    deps = createDeps(installation.platform, installation.temporal.client);
    otherDeps = createDeps(other.platform, other.temporal.client);
  });
  after(async () => {
    await deps?.closeStores();
    await otherDeps?.closeStores();
    await other?.stop();
    await installation?.stop();
  });

  /** What an activity would hand to the provider for a tenant that was registered but not provisioned. */
  async function newSpec(kind: string, of = installation): Promise<ResourceSpec> {
    const plan = kind === 'license' ? licensedPlan : 'standard';
    const { tenantId, runId } = await of.em.transactional((em) =>
      registerTenant(em, of.platform.tenantKeys, { name: `Of ${kind} ${randomUUID().slice(0, 8)}`, plan }, theSystem),
    );
    const [resource] = await of.asAdmin<{ id: string }>(
      null,
      'select id from resources where tenant_id = $1 and provider = $2',
      [tenantId, kind],
    );
    const { id } = of.platform.installation;
    const resourceId = resource?.id ?? '';
    return { installationId: id, tenantId, resourceId, runId, epoch: 1, region: 'default', access: 'open' };
  }

  async function everythingOf(provider: Provider): Promise<Owned[]> {
    const all: Owned[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<Provider['list']>> = await provider.list(cursor);
      all.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return all;
  }

  for (const kind of ['database', 'realm', 'storage', 'license'] as const) {
    describe(`of kind ${kind}`, () => {
      let provider: Provider;
      let spec: ResourceSpec;
      let planting: Planting;

      before(() => {
        provider = deps.providers[kind] as Provider;
        planting = plantings[kind];
      });
      beforeEach(async () => {
        spec = await newSpec(kind);
      });

      const plantContext = () => ({ installation, spec, tag: writeTag(deps.installation.keyring, spec) });

      it('plans without writing anything', async () => {
        await deps.placement.ensureRoom('default');
        const before = await planting.snapshot(plantContext());
        assert.equal((await provider.plan(spec)).action, 'create');
        assert.deepEqual(await planting.snapshot(plantContext()), before);
        await provider.ensure(spec, never);
        const made = await planting.snapshot(plantContext());
        assert.equal((await provider.plan(spec)).action, 'unchanged');
        assert.deepEqual(await planting.snapshot(plantContext()), made);
      });

      it('ensures twice as once, proves it, and finds no difference', async () => {
        const first = await provider.ensure(spec, never);
        const once = await planting.snapshot(plantContext());
        assert.deepEqual(await provider.ensure(spec, never), first);
        assert.deepEqual(await planting.snapshot(plantContext()), once);
        assert.deepEqual(await provider.verify(spec), []);
        await provider.prove(spec);
      });

      it('ensures the same thing at once without harm', async () => {
        const all = await Promise.all(Array.from({ length: 4 }, () => provider.ensure(spec, never)));
        assert.ok(all.every((one) => one.externalId === all[0]?.externalId));
        assert.deepEqual(await provider.verify(spec), []);
        await provider.prove(spec);
      });

      for (const [what, plant] of Object.entries(plantings[kind].halves))
        it(`completes what an attempt left half-made: ${what}`, async () => {
          await plant(plantContext());
          assert.equal((await provider.plan(spec)).action, 'adopt');
          await provider.ensure(spec, never);
          assert.deepEqual(await provider.verify(spec), []);
          await provider.prove(spec);
        });

      for (const [what, plant] of Object.entries(plantings[kind].foreign))
        it(`refuses and leaves alone what is not ours: ${what}`, async () => {
          await plant(plantContext());
          const before = await planting.snapshot(plantContext());
          assert.equal((await provider.plan(spec)).action, 'conflict');
          await assert.rejects(provider.ensure(spec, never), refusal('resource_conflict'));
          assert.deepEqual(await planting.snapshot(plantContext()), before);
          await provider.destroy(spec);
          assert.deepEqual(await planting.snapshot(plantContext()), before);
        });

      for (const [what, { plant, difference, stays }] of Object.entries(plantings[kind].differences))
        it(`finds a planted difference and ${stays ? 'says that nobody but a person can bring it back' : 'mends it when asked'}: ${what}`, async () => {
          await provider.ensure(spec, never);
          await plant(plantContext());
          const found = await provider.verify(spec);
          const told = found.filter((one) => difference.test(one.what));
          assert.ok(told.length > 0, `found only ${JSON.stringify(found)}`);
          assert.equal(
            told.some(({ repair }) => repair === 'none'),
            stays ?? false,
            JSON.stringify(told),
          );
          await provider.ensure(spec, never).catch((error: DomainError) => {
            if (!stays) throw error;
          });
          const left = (await provider.verify(spec)).filter((one) => difference.test(one.what));
          if (stays) assert.deepEqual(left, told);
          else assert.deepEqual(await provider.verify(spec), []);
        });

      it('destroys what it made, twice, and refuses to make it again', async () => {
        await provider.ensure(spec, never);
        await beginDestroying(installation.em, spec.resourceId, spec);
        await provider.destroy(spec);
        await provider.destroy(spec);
        assert.deepEqual(await planting.remains(plantContext()), []);
        await assert.rejects(provider.ensure(spec, never), refusal('resource_fenced'));
        assert.deepEqual(await planting.remains(plantContext()), []);
      });

      it('destroys what was never made, and refuses to make it afterwards', async () => {
        await beginDestroying(installation.em, spec.resourceId, spec);
        await provider.destroy(spec);
        await assert.rejects(provider.ensure(spec, never), refusal('resource_fenced'));
        assert.deepEqual(await planting.remains(plantContext()), []);
      });

      for (const how of ['ensure', 'settleAccess'] as const)
        it(`suspends and opens again by ${how}, as the registry wants it when it acts and not as it was told`, async () => {
          const want = (access: 'open' | 'suspended') =>
            installation.asAdmin(null, 'update resources set access = $2 where id = $1', [spec.resourceId, access]);
          const suspended = { ...spec, access: 'suspended' as const };
          await provider.ensure(spec, never);
          await want('suspended');
          await provider[how](suspended, never);
          assert.deepEqual(await provider.verify(suspended), []);
          assert.notDeepEqual(await provider.verify(spec), []);
          await provider[how](spec, never); // by a late attempt, from when it was to be open
          assert.deepEqual(await provider.verify(suspended), []);
          await want('open');
          await provider[how](spec, never);
          await provider[how](suspended, never);
          assert.deepEqual(await provider.verify(spec), []);
          await provider.prove(spec);
        });

      it('settles the access of what was never made, and of nothing else', async () => {
        await provider.settleAccess({ ...spec, access: 'suspended' }, never);
        assert.equal((await provider.verify(spec))[0]?.isWhole ?? true, true);
        await provider.ensure(spec, never);
        assert.deepEqual(await provider.verify(spec), []);
      });

      it('lists all that is ours and nothing that is not, page by page', async () => {
        const otherSpec = await newSpec(kind, other);
        const otherProvider = otherDeps.providers[kind] as Provider;
        await otherProvider.ensure(otherSpec, never);
        await provider.ensure(spec, never);
        await planting.crowd(plantContext());

        const ours = await everythingOf(provider);
        assert.ok(ours.some(({ ownership }) => ownership.resourceId === spec.resourceId));
        assert.ok(ours.every(({ ownership }) => ownership.installationId === spec.installationId));
        assert.equal(ours.filter(({ ownership }) => ownership.runId === planting.crowdRun).length, planting.crowdSize);
        const theirs = await everythingOf(otherProvider);
        assert.ok(theirs.some(({ ownership }) => ownership.resourceId === otherSpec.resourceId));
        assert.ok(theirs.every(({ ownership }) => ownership.installationId === otherSpec.installationId));
      });
    });
  }

  it('looks at databases as the reader, who can change nothing in them', async () => {
    const spec = await newSpec('database');
    const provider = deps.providers['database'] as Provider;
    await provider.ensure(spec, never);
    await provider.verify(spec);
    const reader = new URL(`${installation.configuration.readerDatabaseUrl}`).username;
    const [store] = await installation.asAdmin<{ name: string }>(null, 'select database_name as name from data_stores');
    const name = schemaNameOf(spec.tenantId);
    const [may] = await installation.asAdmin<{ read: boolean; write: boolean; create: boolean; sessions: number }>(
      store!.name,
      `select has_table_privilege($1, $2 || '.tasks', 'select') as read,
              has_table_privilege($1, $2 || '.tasks', 'insert, update, delete, truncate') as write,
              has_schema_privilege($1, $2, 'create') as create,
              (select count(*)::integer from pg_stat_activity where usename = $1 and datname = current_database()) as sessions`,
      [reader, name],
    );
    assert.partialDeepStrictEqual(may, { read: true, write: false, create: false });
    assert.ok(may!.sessions > 0, 'it was the reader who looked');
  });

  it("leaves another installation's things alone, whatever it is told", async () => {
    for (const kind of ['database', 'storage'] as const) {
      const theirs = await newSpec(kind, other);
      await (otherDeps.providers[kind] as Provider).ensure(theirs, never);
      const ours = await newSpec(kind);
      // The same names, as if two installations had chosen the same tenant id.
      const confused = { ...ours, tenantId: theirs.tenantId };
      assert.match((await (deps.providers[kind] as Provider).plan(confused)).action, /conflict|create/);
      await (deps.providers[kind] as Provider).destroy(confused);
      assert.deepEqual(await (otherDeps.providers[kind] as Provider).verify(theirs), []);
    }
  });

  it('reads no tag that was forged, altered or cut', () => {
    const { keyring } = deps.installation;
    const ownership = {
      installationId: randomUUID(),
      tenantId: randomUUID(),
      resourceId: randomUUID(),
      runId: randomUUID(),
    };
    const tag = writeTag(keyring, ownership);
    assert.deepEqual(readTag(keyring, tag), ownership);
    assert.equal(readTag(otherDeps.installation.keyring, tag), null);
    for (const bad of [tag.slice(0, -1), `${tag}x`, tag.replace(ownership.tenantId, randomUUID()), '', null])
      assert.equal(readTag(keyring, bad), null);
  });
});
