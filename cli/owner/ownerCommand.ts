import { Command } from 'commander';
import { DomainError } from '#contracts/errors.ts';
import { openRegistry } from '#domain/database.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { resetOwner } from '#domain/people/resetOwner.ts';
import { Unable } from '../exitCodes.ts';
import { installedEnvironment, withReachableRegistry } from '../installed.ts';

export function ownerCommand(): Command {
  const owner = new Command('owner').description('Who owns the installation.');
  owner
    .command('reset')
    .description('For an owner who lost the password or the second factor: a link, good for one hour and one use.')
    .option('--email <address>', 'which owner, where there are several')
    .action(async ({ email }: { email?: string }) => {
      const { link, email: whose, expiresAt } = await reset(email ?? null);
      process.stdout.write(
        `${whose} chooses a new password here until ${expiresAt}; the second factors go when that is done:\n\n  ${link}\n\n` +
          'Whoever has this link becomes the owner: give it to nobody else. That it was made stands in the audit.\n',
      );
    });
  return owner;
}

async function reset(email: string | null): Promise<Awaited<ReturnType<typeof resetOwner>>> {
  const env = await installedEnvironment();
  const publicUrl = (env['TENANTRY_PUBLIC_URL'] ?? `http://localhost:${env['TENANTRY_PORT'] ?? 4400}`).replace(
    /\/+$/,
    '',
  );
  return withReachableRegistry(env, async (url) => {
    const registry = await openRegistry(url, { poolSize: 1 });
    try {
      return await resetOwner(registry.em.fork(), { email, publicUrl }, theSystem);
    } catch (error) {
      if (error instanceof DomainError) throw new Unable(error.publicMessage, { cause: error });
      throw error;
    } finally {
      await registry.close(true);
    }
  });
}
