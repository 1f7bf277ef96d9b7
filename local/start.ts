/** `npm start`: the whole control plane on one machine, in one process, with servers that outlive a crash of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startControlPlane, type ControlPlane } from './start/controlPlane.ts';
import { note, runCommand } from './progress.ts';
import { StartedParts } from './start/startedParts.ts';
import { listenForStop } from './stopSignals.ts';

/** How long a stop in the middle of a start waits for the step that is under way. */
const stepMs = 5_000;

runCommand(async () => {
  const began = performance.now();
  const signals = listenForStop();
  const parts = new StartedParts();
  const starting = startControlPlane(parts);
  try {
    const controlPlane = await Promise.race([starting, signals.asked.then(() => null)]);
    if (controlPlane) {
      announce(controlPlane, performance.now() - began);
      await Promise.race([signals.asked, workerEnd(parts)]);
    } else {
      await Promise.race([starting.catch(() => {}), sleep(stepMs), signals.hurried]);
    }
  } catch (error) {
    await parts.stop();
    throw error;
  }
  console.log('');
  note('stopping in good order; Ctrl-C again hurries');
  await Promise.race([parts.stop(), signals.hurried.then(() => parts.stopServers())]);
  process.exit(0);
});

/** A worker that ends by itself takes the rest along: an API without one would take orders that nobody carries out. */
async function workerEnd(parts: StartedParts): Promise<never> {
  await parts.worker?.ended;
  throw new Error('the worker ended without being asked to');
}

function announce(controlPlane: ControlPlane, tookMs: number): void {
  const { address, uiUrl, metricsUrl, dataDir, masterKey, setupLink } = controlPlane;
  const line = (title: string, text: string | null): string[] => (text ? [`  ${title.padEnd(16)}${text}`] : []);
  const lines = [
    '',
    ...line('Tenantry', address),
    ...line('First owner', setupLink && `${setupLink}   (set your password here; works once)`),
    ...line('Temporal UI', uiUrl),
    ...line('Metrics', metricsUrl),
    ...line('Data', dataDir),
    ...line('Master key', masterKey.file),
    ...(masterKey.isNew
      ? [
          '',
          '  Save this key somewhere else now: without it no secret and no history of this installation can be read again.',
        ]
      : []),
    '',
    ...nextSteps(setupLink !== null, address).map((step) => `  ${step}`),
    '',
    `  Ready in ${(tookMs / 1000).toFixed(1)} s. Ctrl-C stops everything.`,
    '',
    `Tenantry is ready at ${address}`,
  ];
  console.log(lines.join('\n'));
}

const nextSteps = (needsOwner: boolean, address: string): string[] => [
  needsOwner
    ? 'Next: open the link of the first owner, set a password, and create a tenant;'
    : `Next: sign in at ${address} and create a tenant;`,
  'or run `npm run demo` in another terminal for fifty real ones. The API is described at /docs.',
];
