import type { DomainError } from '#contracts/errors.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { openRename } from '#domain/renaming/openRename.ts';
import { openFinish } from '#domain/runs/ending/finishRollback.ts';
import { resumeTenant, suspendTenant } from '#domain/suspension/suspendTenant.ts';
import { startRun } from '#temporal/startRun.ts';
import type { Recorder } from '../recorder.ts';

/** Closing a tenant and opening it again, and moving it: well, taken back, and stuck in the way back. */
export async function suspension({ installation, record, stepsIn, refuse }: Recorder): Promise<void> {
  const { em, platform, temporal } = installation;
  const { tenantId, slug } = await installation.provision({ name: 'Recorded and suspended' });
  const start = async (open: () => Promise<{ runId: string | null }>): Promise<string> => {
    const { runId } = await open();
    await startRun(platform, temporal.client, runId!);
    return runId!;
  };
  const suspend = () =>
    start(() =>
      installation.em.transactional((tx) =>
        suspendTenant(tx, platform.tenantKeys, tenantId, { confirm: slug, reason: 'Recorded.' }, theSystem),
      ),
    );
  const resume = () => start(() => installation.em.transactional((tx) => resumeTenant(tx, tenantId, theSystem)));
  const failAt = (...positions: string[]) =>
    stepsIn(async ({ at, when }) => {
      if (when === 'before' && positions.includes(at)) throw refuse() as DomainError;
    });

  await record('suspendTenant.succeeds', await suspend());
  failAt('storage.open');
  await record('resumeTenant.rollsBack', await resume());
  failAt();
  await record('resumeTenant.succeeds', await resume());
  failAt('storage.suspend');
  await record('suspendTenant.rollsBack', await suspend());
  failAt('storage.suspend', 'database.open');
  const stuck = await suspend();
  await record('suspendTenant.undoFails', stuck);
  failAt();
  const finish = await start(() => installation.em.transactional((tx) => openFinish(tx, stuck, theSystem)));
  await record('finishRollback.opensAgain', finish);

  const move = (to: string, confirm: string) => () =>
    em.fork().transactional((tx) => openRename(tx, { tenantId, slug: to, redirectDays: 30, confirm }, theSystem));
  await record('renameTenant.succeeds', await start(move('recorded-elsewhere', slug)));
  const { runId } = await move('recorded-nowhere', 'recorded-elsewhere')();
  await installation.em.execute('update runs set cancel_requested_at = now() where id = ?', [runId]);
  await startRun(platform, temporal.client, runId);
  await record('renameTenant.cancelled', runId);
}
