/**
 * `npm run demo`: fifty real organisations become tenants, through the public API of the control plane of this folder. When
 * none runs, one is started for the while. `npm run demo -- --clean` removes them again by the product's own workflow.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { apiClient } from './demo/apiClient.ts';
import { provisionDemo, removeDemo, type DemoTenant, type ShowProgress } from './demo/demoTenants.ts';
import { readOrganisations } from './demo/organisations.ts';
import { signIn } from './demo/signIn.ts';
import { percentile, table } from './demo/table.ts';
import { startControlPlane } from './start/controlPlane.ts';
import { findControlPlane } from './start/folderClaim.ts';
import { dataDir as dataDirOf } from './paths.ts';
import { note, runCommand, SetupError } from './progress.ts';
import { readEnvironment } from './start/secrets.ts';
import { StartedParts } from './start/startedParts.ts';
import { listenForStop } from './stopSignals.ts';

const startMs = 120_000;

runCommand(async () => {
  const args = process.argv.slice(2);
  const unknown = args.find((arg) => arg !== '--clean');
  if (unknown) throw new SetupError(`There is no "${unknown}" here. Usage: npm run demo, or: npm run demo -- --clean`);
  const signals = listenForStop();
  const parts = new StartedParts();
  const ownDataDir = dataDirOf();
  try {
    const isRunning = await findRunning(ownDataDir);
    if (!isRunning) {
      note('no control plane runs in this folder: one is started for the demo, and stopped again afterwards');
      await untilAsked(startControlPlane(parts), signals.asked);
    }
    const isFine = await untilAsked(runDemo(ownDataDir, args.includes('--clean')), signals.asked);
    if (!isRunning) {
      await parts.stop();
      note('stopped again; the tenants are kept: `npm start` shows them');
    }
    process.exit(isFine ? 0 : 1);
  } catch (error) {
    await parts.stop();
    throw error;
  }
});

const untilAsked = <T>(work: Promise<T>, asked: Promise<NodeJS.Signals>): Promise<T> =>
  Promise.race([
    work,
    asked.then((signal) => {
      throw new SetupError(`Stopped by ${signal}. Tenants that were asked for are finished by the control plane.`);
    }),
  ]);

/** Waits for one that is just starting; false when there is none. */
async function findRunning(dataDir: string): Promise<boolean> {
  for (const deadline = Date.now() + startMs; Date.now() < deadline; await sleep(200)) {
    const found = await findControlPlane(dataDir);
    if (!found) return false;
    if (found.details.state === 'running') return true;
    if (found.details.state === 'stopping')
      throw new SetupError(`The control plane (process ${found.pid}) is just stopping.`);
  }
  throw new SetupError(`The control plane of this folder has been starting for ${startMs / 1000} s.`);
}

async function runDemo(dataDir: string, clean: boolean): Promise<boolean> {
  const env = await readEnvironment(dataDir);
  const { TENANTRY_PUBLIC_URL = '', TENANTRY_PORT = '', TENANTRY_HOST = '' } = env;
  // Not by the public address: that may be one of a proxy that this machine cannot reach.
  const base = `http://${TENANTRY_HOST === '0.0.0.0' ? '127.0.0.1' : TENANTRY_HOST}:${TENANTRY_PORT}`;
  const session = await signIn({
    base,
    publicUrl: TENANTRY_PUBLIC_URL,
    appDatabaseUrl: env.TENANTRY_APP_DATABASE_URL ?? '',
    env: process.env,
  });
  try {
    const api = apiClient(base, session.cookie);
    return clean ? await clearAway(() => removeDemo(api, counter('removed'))) : await fill(api, TENANTRY_PUBLIC_URL);
  } finally {
    await session.end();
  }
}

async function fill(api: ReturnType<typeof apiClient>, publicUrl: string): Promise<boolean> {
  const organisations = await readOrganisations();
  const began = performance.now();
  const tenants = await provisionDemo(api, organisations, counter('provisioned'));
  console.log(`\n${report(tenants, performance.now() - began)}\n`);
  note(`see them at ${publicUrl}/tenants; remove them with: npm run demo -- --clean`);
  return tenants.every(({ state }) => state === 'active');
}

async function clearAway(remove: () => ReturnType<typeof removeDemo>): Promise<boolean> {
  const began = performance.now();
  const { removed, left } = await remove();
  console.log(
    `${removed} tenants removed in ${((performance.now() - began) / 1000).toFixed(1)} s, ${left.length} left`,
  );
  for (const { name, slug, state } of left) console.log(`  ${name} (${slug ?? 'no address'}): ${state}`);
  return left.length === 0;
}

function report(tenants: readonly DemoTenant[], tookMs: number): string {
  const lines = tenants.map(({ name, slug, state, ms, isNew }) => [
    name,
    slug,
    state,
    ms === null ? (isNew ? '' : 'was there') : `${ms}`,
  ]);
  const times = tenants.flatMap(({ ms }) => ms ?? []);
  const active = tenants.filter(({ state }) => state === 'active').length;
  const created = tenants.filter(({ isNew }) => isNew).length;
  const rate = created ? `, ${(created / (tookMs / 1000)).toFixed(1)} per second` : '';
  return [
    table(
      [
        { title: 'name', align: 'left', most: 56 },
        { title: 'slug', align: 'left' },
        { title: 'state', align: 'left' },
        { title: 'ms', align: 'right' },
      ],
      lines,
    ),
    '',
    `${tenants.length} organisations: ${active} active, ${created} of them new, in ${(tookMs / 1000).toFixed(1)} s${rate}`,
    ...(times.length
      ? [`each, queue included: p50 ${percentile(times, 0.5)} ms, p95 ${percentile(times, 0.95)} ms`]
      : []),
    ...tenants.flatMap(({ name, state, reason }) =>
      state === 'active' ? [] : [`  ${name}: ${state}${reason ? `, ${reason}` : ''}`],
    ),
  ].join('\n');
}

/** One line that is written over in a terminal; elsewhere a line for each ten. */
function counter(what: string): ShowProgress {
  let shown = -1;
  return (done, all) => {
    if (done === shown || all === 0) return;
    const text = `· ${what} ${done} of ${all}`;
    if (process.stdout.isTTY) process.stdout.write(`\r${text}${done === all ? '\n' : ''}`);
    else if (done === all || Math.floor(done / 10) > Math.floor(shown / 10)) console.log(text);
    shown = done;
  };
}
