import { theSystem } from '#domain/events/appendEvent.ts';
import { openRecovery } from '#domain/physical/recoveries/openRecovery.ts';
import { beginBase, noteBaseProven } from '#domain/physical/serverBackups.ts';
import { registryTime } from '#domain/sql.ts';
import { openPhysical } from '#workers/physical/openPhysical.ts';
import type { Acknowledged, Ground } from '../../ground.ts';
import { noted, step, written } from '../places.ts';
import { opening, provisioned, type Story } from '../story.ts';

const making = new WeakMap<Ground, Promise<void>>();

/** Tenants of a server that has a young base backup: stories of one batch make theirs one after the other. */
async function protectedAll(ground: Ground, labels: string[]): Promise<Acknowledged[]> {
  const mine = (making.get(ground) ?? Promise.resolve()).then(() => backUp(ground));
  making.set(ground, mine);
  await mine;
  return provisioned([])(ground, labels);
}

/** Of earlier ones, and of their log, nothing is kept. */
async function backUp(ground: Ground): Promise<void> {
  const { platform, em } = ground.installation;
  const physical = openPhysical(platform)!;
  const { signal } = new AbortController();
  const id = await beginBase(em);
  const base = await physical.backUp(id, { signal });
  const { bases } = await physical.expire(1, signal);
  await noteBaseProven(em, id, base, bases);
}

const story: Omit<Story, 'title' | 'places' | 'fails' | 'ends'> = {
  kind: 'recoverTenant',
  prepare: protectedAll,
  async open(ground, tenant, label) {
    const { tenantKeys: keys, configuration } = ground.installation.platform;
    const at = new Date(await registryTime(ground.installation.em));
    const begin = opening((em, { tenantId }) =>
      openRecovery(em, { keys, configuration }, { tenantId, at, mode: 'copy' }, theSystem),
    );
    return begin(ground, tenant, label);
  },
  alone: true,
  isCostly: true,
};

const copied: Story = {
  ...story,
  title: 'a tenant is copied out of the whole server as it was',
  places: [
    ...['recovery.choose', 'recovery.restore', 'recovery.prove'].flatMap((name) => step(name, name, 'done')),
    ...step('backup.write', 'recovery.copy', 'done'),
    ...step('backup.check', 'backup.check', 'done'),
    ...step('recovery.remove', 'recovery.remove', 'done'),
    ...written('recovery.close', 'recovery.close'),
  ],
  fails: [],
  ends: { run: 'succeeded', tenant: 'active' },
};

const takenBack: Story = {
  ...story,
  title: 'a server that was brought back and cannot be copied from is taken back',
  places: [
    ...noted('backup.write', 'ledger.startRollback'),
    ...written('backup.write', 'backup.discard'),
    ...noted('backup.write', 'backup.write.undone'),
    ...written('recovery.restore', 'recovery.remove'),
    ...noted('recovery.restore', 'recovery.restore.undone'),
    ...noted('recovery.restore', 'recovery.closeTakenBack'),
  ],
  fails: [{ at: 'backup.check', when: 'before' }],
  ends: { run: 'rolled_back', tenant: 'active' },
};

export const recoveryStories: readonly Story[] = [copied, takenBack];
