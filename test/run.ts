/**
 * `npm test`: starts what the tests need on free ports and in a folder that is thrown away, runs every `*.test.ts`, and
 * fails loudly when a process of its own is left behind. Arguments are mocha's; a file runs that file only. Counting what is covered
 * takes a fifth more time: it is done on `--coverage`, as the hosted CI does.
 */
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildPages } from '#local/buildPages.ts';
import { buildWorkflows } from '#local/buildWorkflows.ts';
import { checkout } from '#local/paths.ts';
import { removePostgresData } from '#local/postgres.ts';
import { progress, runCommand } from '#local/progress.ts';
import { startServers, type Servers } from '#local/servers.ts';
import { settleTogether } from '#local/settleTogether.ts';
import { prepareTemporal } from '#local/temporalSetUp.ts';
import { checkCoverage } from './run/coverage.ts';
import { findLeftovers, stopLeftovers } from './run/leftovers.ts';
import { runAndAskAgain } from './run/askAgain.ts';
import type { MochaOutcome } from './run/mocha.ts';
import { testFiles } from './run/testFiles.ts';
import { makeTemplate } from './servers/registry/migratedDatabase.ts';

const template = 'test_template';
const marker = `tenantry-test-${process.pid}-${Date.now().toString(36)}`;

runCommand(async () => {
  const args = process.argv.slice(2);
  const mochaArgs = args.filter((arg) => !arg.endsWith('-coverage') && arg !== '--coverage');
  const isFile = (arg: string): boolean => !arg.startsWith('-') && existsSync(resolve(checkout, arg));
  const chosen = mochaArgs.filter(isFile);
  const files = await testFiles(checkout, chosen);
  const everything = mochaArgs.length === 0;
  const wantsCoverage = args.includes('--coverage');

  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort(signal));
  process.env.TENANTRY_TEST_RUN = marker;

  const place = await mkdtemp(join(tmpdir(), 'tenantry-test-'));
  await chmod(place, 0o711); // PostgreSQL's user passes through it when root runs the tests
  const started: { servers?: Servers } = {};
  let outcome: MochaOutcome | null = null;
  let coverageIsEnough = true;
  const problems: string[] = [];
  try {
    const dataDir = join(place, 'servers');
    const [servers, bundle, pages] = await settleTogether([
      startServers({ dataDir, durable: false }).then(async (all) => {
        started.servers = all;
        await makeTemplate(all.adminUrl, template);
        return all;
      }),
      existsSync(join(checkout, 'workflows', 'index.ts')) ? buildWorkflows() : '',
      existsSync(join(checkout, 'web', 'vite.config.ts')) ? buildPages() : '',
    ]);
    await prepareTemporal({ address: servers.temporalAddress, namespace: 'default' });
    const temporary = join(place, 'tmp');
    await mkdir(temporary);
    await chmod(temporary, 0o711);
    const coverageDir = join(place, 'coverage');
    await mkdir(coverageDir);
    if (!stopping.signal.aborted) {
      outcome = await runAndAskAgain({
        files,
        args: mochaArgs.filter((arg) => !isFile(arg)),
        place,
        signal: stopping.signal,
        env: {
          ...process.env,
          TMPDIR: temporary,
          TEST_ADMIN_DATABASE_URL: servers.adminUrl,
          TEST_TEMPLATE_DATABASE: template,
          TEST_TEMPORAL_ADDRESS: servers.temporalAddress,
          TEST_TEMPORAL_UI_URL: servers.uiUrl ?? '',
          TEST_WORKFLOW_BUNDLE: bundle,
          TEST_WEB_BUILD: pages,
          ...(wantsCoverage ? { NODE_V8_COVERAGE: coverageDir } : {}),
        },
      });
      if (wantsCoverage && !stopping.signal.aborted) {
        coverageIsEnough = await progress('measuring coverage', () => checkCoverage(checkout, coverageDir));
      }
    }
  } catch (error) {
    problems.push(
      error instanceof Error ? (error.name === 'SetupError' ? error.message : (error.stack ?? '')) : `${error}`,
    );
  }
  await started.servers?.stop().catch((error: unknown) => problems.push(`a server did not stop: ${error}`));
  const left = await findLeftovers(marker, place);
  if (left.length > 0) {
    problems.push(
      ['processes were left behind, and are stopped now:', ...left.map((one) => `  ${one.pid} ${one.command}`)].join(
        '\n',
      ),
    );
    await stopLeftovers(left);
  }
  await removePostgresData(join(place, 'servers'));
  await rm(place, { recursive: true, force: true, maxRetries: 5 });
  if (await stat(place).catch(() => null)) problems.push(`${place} could not be removed`);

  if (stopping.signal.aborted) problems.push(`stopped by ${stopping.signal.reason}`);
  else if (outcome && outcome.passed + outcome.failed === 0) problems.push('no test ran');
  else if (outcome && outcome.exitCode !== 0 && outcome.failed === 0)
    problems.push(`mocha ended with ${outcome.exitCode}`);
  if (!coverageIsEnough) problems.push('coverage is below what is asked');
  for (const problem of problems) console.error(`\n✖ ${problem}`);
  const { passed = 0, failed = 0, skipped = 0 } = outcome ?? {};
  if (everything && !wantsCoverage) console.log('\ncoverage was not measured: `npm test -- --coverage` does');
  console.log(`\n${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
  process.exit(problems.length > 0 || failed > 0 ? 1 : 0);
});
