import { randomUUID } from 'node:crypto';
import { ExecutionStart } from '#contracts/runbooks/executions.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { openExecution } from '#domain/runbooks/executing/openExecution.ts';
import { createVersion } from '#domain/runbooks/versions/createVersion.ts';
import { noted, written } from '../places.ts';
import { provisioned, type Story } from '../story.ts';

/** A runbook of these steps, about the tenant that was prepared. */
const opening =
  (steps: object[]): Story['open'] =>
  async ({ installation }, tenant) => {
    if (!tenant) throw new Error('no tenant was prepared');
    const name = `cut-${randomUUID()}`;
    const inputs = [{ name: 'tenant', title: 'Tenant', type: 'tenant' }];
    const definition = { title: 'Is cut', inputs, steps };
    const { keyring } = installation.platform.installation;
    return installation.em.transactional(async (em) => {
      await createVersion(em, { name, baseVersion: 0, note: '', definition }, theSystem);
      const start = ExecutionStart.parse({ inputs: { tenant: tenant.tenantId } });
      const { runId } = await openExecution(em, keyring, name, start, theSystem);
      return { runId, subject: runId };
    });
  };

const ask = (id: string, more: object = {}) => ({
  kind: 'sql',
  id,
  title: `Ask ${id}`,
  query: 'select 1 as one',
  ...more,
});

const carriedOut: Story = {
  title: 'a runbook is carried out',
  kind: 'executeRunbook',
  places: [
    ...noted('runbook.sql', 'runbook.turn'),
    ...written('runbook.sql', 'runbook.sql'),
    ...written('runbook.workflow', 'runbook.workflow'),
  ],
  fails: [],
  prepare: provisioned([]),
  open: opening([
    {
      ...{ kind: 'parallel', id: 'both', title: 'Both' },
      steps: [
        ask('beside'),
        {
          ...{ kind: 'workflow', id: 'back-up', title: 'Back it up', workflow: 'backupTenant' },
          params: { tenantId: { $from: 'inputs.tenant' } },
        },
      ],
    },
  ]),
  ends: { run: 'succeeded', tenant: null },
};

const takenBack: Story = {
  title: 'a runbook that stops takes back what it did',
  kind: 'executeRunbook',
  places: [...noted('runbook.sql', 'runbook.fail'), ...written('runbook.sql', 'provisioning.resume')],
  fails: [],
  prepare: provisioned([]),
  open: opening([
    ask('done', { undo: { kind: 'action', action: 'provisioning.resume', params: {} } }),
    ask('fails', { expect: { rows: { atLeast: 2 } }, onFailure: 'stop' }),
  ]),
  ends: { run: 'rolled_back', tenant: null },
};

export const runbookStories: readonly Story[] = [carriedOut, takenBack];
