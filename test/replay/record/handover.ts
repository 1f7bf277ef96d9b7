import { addMember, answer, ask } from '#test/scenarios/handover/ownership.ts';
import { rotate } from '#test/scenarios/handover/rotation.ts';
import type { Recorder } from '../recorder.ts';

/** What passes from old to new: secrets, and who owns the tenant; waiting, taken back, and well. */
export async function handover({ installation, record }: Recorder): Promise<void> {
  const tenant = await installation.provision({ name: 'Recorded and handed on' });
  await record('rotateTenantSecrets.succeeds', await rotate(installation, tenant, { overlapSeconds: 2 }).then(soon));
  await record('rotateTenantSecrets.atOnce', await rotate(installation, tenant, { overlapSeconds: 0 }));
  const cancelled = await rotate(installation, tenant, { overlapSeconds: 3_600 });
  await installation.runIs('waiting', cancelled);
  await installation.cancelRun(cancelled);
  await record('rotateTenantSecrets.cancelled', cancelled);
  const owner = await addMember(installation, tenant, 'recorded@example.org', 'member');
  const answered = async (word: 'agree' | 'decline') => {
    const runId = await ask(installation, tenant, { to: { memberId: owner } });
    await installation.runIs('waiting', runId);
    await answer(installation, runId, 'new_owner', word);
    return runId;
  };
  await record('changeOwnership.declined', await answered('decline'));
  const withdrawn = await ask(installation, tenant, { to: { memberId: owner } });
  await installation.runIs('waiting', withdrawn);
  await installation.cancelRun(withdrawn);
  await record('changeOwnership.cancelled', withdrawn);
  await record('changeOwnership.succeeds', await answered('agree'));

  /** The key is published for ten minutes before it signs; nobody waits for that here. */
  async function soon(runId: string): Promise<string> {
    await installation.runIs('waiting', runId);
    await installation.asAdmin(
      null,
      `update secret_rotations set sign_at = now() + interval '1 second', end_at = now() + interval '2 seconds' where run_id = $1`,
      [runId],
    );
    const { temporal } = await installation.run(runId);
    await installation.temporal.client.workflow.getHandle(temporal.workflowId).signal('wake');
    return runId;
  }
}
