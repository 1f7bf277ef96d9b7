import { Command } from 'commander';
import { openRegistry } from '#domain/database.ts';
import { resetPolicies } from '#domain/approvals/resetPolicies.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { installedEnvironment, withReachableRegistry } from '../installed.ts';

export function approvalsCommand(): Command {
  const approvals = new Command('approvals').description('What needs the approval of others.');
  approvals
    .command('reset')
    .description('For an installation where nobody is left who could approve: nothing needs approval any more.')
    .action(async () => {
      const acts = await reset();
      process.stdout.write(
        acts.length > 0
          ? `No longer in need of approval: ${acts.join(', ')}. That it was done stands in the audit; choose anew at Settings, Approvals.\n`
          : 'Nothing needed approval.\n',
      );
    });
  return approvals;
}

const reset = async (): Promise<string[]> =>
  withReachableRegistry(await installedEnvironment(), async (url) => {
    const registry = await openRegistry(url, { poolSize: 1 });
    try {
      return await resetPolicies(registry.em.fork(), theSystem);
    } finally {
      await registry.close(true);
    }
  });
