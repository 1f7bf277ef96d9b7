/**
 * `npm run bench`: measures the product on servers of its own, prints a table and writes build/bench/<time>.json.
 * `npm run bench -- provision queue` measures these figures only. A figure that could not be measured ends it with an error;
 * one beyond its limit is marked, and does not: a busy machine is no defect.
 */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { inspect } from 'node:util';
import { buildPages } from '#local/buildPages.ts';
import { buildWorkflows } from '#local/buildWorkflows.ts';
import { checkout } from '#local/paths.ts';
import { removePostgresData } from '#local/postgres.ts';
import { note, runCommand, SetupError } from '#local/progress.ts';
import { startServers, stopRecordedServers } from '#local/servers.ts';
import { settleTogether } from '#local/settleTogether.ts';
import { listenForStop } from '#local/stopSignals.ts';
import { prepareTemporal } from '#local/temporalSetUp.ts';
import { isMet, type Bench, type Figure, type Measured } from './figure.ts';
import { apiKeys } from './apiKeys.ts';
import { backups } from './backups/backups.ts';
import { backupWindow } from './backups/backupWindow.ts';
import { platformBackup } from './backups/platformBackup.ts';
import { dues } from './dues/dues.ts';
import { renewals } from './dues/renewals.ts';
import { durabilityTax } from './durabilityTax.ts';
import { fairness } from './fairness.ts';
import { fleet } from './fleet/fleet.ts';
import { importing } from './imports/importing.ts';
import { killed } from './killed.ts';
import { license } from './license/license.ts';
import { validation } from './license/validation.ts';
import { machineFacts } from './machineFacts.ts';
import { memory } from './memory.ts';
import { failover } from './recovery/failover.ts';
import { pitr } from './recovery/pitr.ts';
import { overhead } from './overhead.ts';
import { permissionChecks } from './permissions.ts';
import { provision } from './provision.ts';
import { queue } from './queue.ts';
import { sagas } from './sagas.ts';
import { signedIn } from './signedIn.ts';
import { suspension } from './suspension/suspension.ts';
import { usage } from './usage/usage.ts';
import { warmStart } from './warmStart.ts';

const figures: Figure[] = [
  provision,
  queue,
  importing,
  fairness,
  overhead,
  durabilityTax,
  sagas,
  killed,
  memory,
  warmStart,
  signedIn,
  permissionChecks,
  apiKeys,
  suspension,
  fleet,
  license,
  usage,
  validation,
  dues,
  backups,
  renewals,
  backupWindow,
  failover,
  pitr,
  platformBackup,
];

runCommand(async () => {
  const wanted = chosenFigures(process.argv.slice(2));
  const facts = await machineFacts();
  const signals = listenForStop();
  const place = await mkdtemp(join(tmpdir(), 'tenantry-bench-'));
  await chmod(place, 0o711); // PostgreSQL's user passes through it when root runs the bench
  const dataDir = join(place, 'servers');
  const measured: Record<string, Measured[]> = {};
  const failed: Record<string, string> = {};
  const cleanUp = async () => {
    await stopRecordedServers(dataDir);
    await removePostgresData(dataDir);
    await rm(place, { recursive: true, force: true, maxRetries: 5 });
  };
  void signals.asked.then(async () => {
    await cleanUp();
    process.exit(1);
  });
  try {
    const [servers, workflowBundle, webBuild] = await settleTogether([
      startServers({ dataDir }),
      buildWorkflows(),
      buildPages(),
    ]);
    await prepareTemporal({ address: servers.temporalAddress, namespace: 'default' });
    const bench: Bench = { servers, place, workflowBundle, webBuild };
    for (const figure of wanted) {
      note(`measuring ${figure.name}`);
      try {
        measured[figure.name] = await figure.measure(bench);
      } catch (error) {
        failed[figure.name] = inspect(error);
      }
    }
  } finally {
    await cleanUp();
  }
  const machine = { ...facts, loadAfter: loadavg().map((load) => Math.round(load * 100) / 100) };
  print(measured, machine);
  const file = join(checkout, 'build', 'bench', `${facts.at.replaceAll(':', '-')}.json`);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `${JSON.stringify({ machine, measured, failed }, null, 2)}\n`);
  note(`written to ${relative(checkout, file)}`);
  for (const [name, why] of Object.entries(failed)) console.error(`\n✖ ${name} could not be measured: ${why}`);
  process.exit(Object.keys(failed).length > 0 ? 1 : 0);
});

function chosenFigures(names: string[]): Figure[] {
  const unknown = names.filter((name) => !figures.some((figure) => figure.name === name));
  if (unknown.length > 0)
    throw new SetupError(
      `There is no figure ${unknown.join(', ')}. There are: ${figures.map(({ name }) => name).join(', ')}.`,
    );
  return names.length > 0 ? figures.filter(({ name }) => names.includes(name)) : figures;
}

function print(
  measured: Record<string, Measured[]>,
  machine: Awaited<ReturnType<typeof machineFacts>> & { loadAfter: number[] },
): void {
  console.log('');
  for (const [name, lines] of Object.entries(measured)) {
    console.log(name);
    for (const line of lines) {
      const { what, value, unit, n, limit } = line;
      const number = value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
      const bound = limit ? ('atMost' in limit ? `≤ ${limit.atMost}` : `≥ ${limit.atLeast}`) : '';
      const met = isMet(line);
      console.log(
        [
          `  ${what.padEnd(48)}`,
          number.padStart(8),
          unit.padEnd(3),
          (n ? `n ${n}` : '').padEnd(6),
          bound.padEnd(7),
          met === null ? '' : met ? 'met' : 'MISSED',
        ]
          .join(' ')
          .trimEnd(),
      );
    }
  }
  const { cores, cpu, node, loadBefore, loadAfter } = machine;
  console.log(
    `\n${cores} cores (${cpu}), Node ${node}, load ${loadBefore.join(' ')} before, ${loadAfter.join(' ')} after`,
  );
  if ((loadBefore[0] ?? 0) > cores / 2)
    console.log('Others were at work on this machine: compare ratios and processor times, not the rest.');
}
