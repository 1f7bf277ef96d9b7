import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { openRegistry } from '#domain/database.ts';
import { callersPath } from '../callersPath.ts';
import { exitCodes } from '../exitCodes.ts';
import { answers, installedEnvironment } from '../installed.ts';
import { bundleOf } from './bundle.ts';
import { look, wrong, type Diagnosis } from './check.ts';
import { checkApi, checkConfiguration, checkFolder, checkNode } from './machineChecks.ts';
import { checkRegistry } from './registryChecks.ts';
import { checkTemporal } from './temporalChecks.ts';

const marks: Record<Diagnosis['state'], string> = { fine: '✔', 'worth a look': '·', wrong: '✖', unknown: '?' };

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Says what is wrong with this installation, and what helps. Changes nothing.')
    .option('--json', 'tell it as JSON', false)
    .option('--bundle <file>', 'write what helps others to help: no secrets, no personal data')
    .action(async ({ json, bundle }: { json: boolean; bundle?: string }) => {
      const { said, facts } = await examine();
      if (json) process.stdout.write(`${JSON.stringify({ diagnoses: said }, null, 2)}\n`);
      else
        for (const { what, state, text, advice } of said)
          process.stdout.write(`${marks[state]} ${what}: ${text}${advice ? `\n    ${advice}` : ''}\n`);
      if (bundle !== undefined) {
        await writeFile(callersPath(bundle), `${JSON.stringify(bundleOf(said, facts), null, 2)}\n`, { mode: 0o600 });
        if (!json) process.stdout.write(`The bundle is in ${bundle}. Read it before you hand it on.\n`);
      }
      const isFine = said.every(({ state }) => state === 'fine' || state === 'worth a look');
      process.exitCode = isFine ? exitCodes.fine : exitCodes.found;
    });
}

async function examine(): Promise<{ said: Diagnosis[]; facts: Record<string, unknown> }> {
  const env = await installedEnvironment();
  const { configuration, said: configured } = checkConfiguration(env);
  const variables = Object.keys(env)
    .filter((name) => /^(?:TENANTRY|TEMPORAL|SMTP|OTEL)_/.test(name))
    .toSorted();
  if (!configuration) return { said: [checkNode(), configured], facts: { variables } };
  const [folder, api, temporal, registry] = await Promise.all([
    checkFolder(configuration),
    checkApi(configuration),
    look('Temporal', () => checkTemporal(configuration)),
    look('registry', () => examineRegistry(configuration.appDatabaseUrl, configuration)),
  ]);
  const facts = registry.flatMap((one) => ('facts' in one ? [one.facts as Record<string, unknown>] : []))[0];
  const plain = registry.map(({ what, state, text, advice }) => ({ what, state, text, ...(advice ? { advice } : {}) }));
  return { said: [checkNode(), configured, ...folder, ...api, ...temporal, ...plain], facts: { variables, ...facts } };
}

async function examineRegistry(
  url: string,
  configuration: Parameters<typeof checkRegistry>[1],
): Promise<(Diagnosis & { facts?: Record<string, unknown> })[]> {
  const refusal = await answers(url);
  if (refusal !== null)
    return [wrong('registry', `does not answer (${refusal})`, 'Start PostgreSQL, or mend TENANTRY_APP_DATABASE_URL.')];
  const registry = await openRegistry(url, { poolSize: 4 });
  try {
    const said = await checkRegistry(() => registry.em.fork(), configuration);
    const { factsOf } = await import('./bundle.ts');
    const [first, ...rest] = said;
    return first ? [{ ...first, facts: await factsOf(registry.em.fork()) }, ...rest] : [];
  } finally {
    await registry.close(true);
  }
}
