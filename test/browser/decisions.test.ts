import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { startApi, type RunningApi } from '#api/server.ts';
import { DomainError } from '#contracts/errors.ts';
import { createOwner } from '#domain/people/ownership.ts';
import { createLogger } from '#observability/logging.ts';
import { freePorts } from '#local/ports.ts';
import type { StepIn } from '../servers/faults.ts';
import { TestInstallation } from '../servers/installation.ts';
import { becomes, startBrowser } from './browser.ts';

const owner = { email: 'operator@example.org', password: 'correct horse battery staple' };
const steps = [
  { kind: 'resource', provider: 'database', title: 'Create the database', onFailure: 'wait' },
  { kind: 'resource', provider: 'storage', title: 'Create the storage bucket', onFailure: 'wait', skippable: true },
];

describe('an operator decides, in a browser', () => {
  let installation: TestInstallation;
  let api: RunningApi;
  let browser: Browser;
  let page: Page;
  let stepIn: StepIn = async () => undefined;
  const at = (path: string) => `${installation.configuration.publicUrl}${path}`;
  const shown = async (name: string) => {
    const screenshots = process.env['TEST_SCREENSHOTS'];
    if (screenshots) await page.screenshot({ path: `${screenshots}/${name}.png`, fullPage: true });
  };

  before(async function () {
    this.timeout(120_000);
    const [port = 0] = await freePorts(1);
    installation = await TestInstallation.start({
      TENANTRY_PORT: String(port),
      TENANTRY_PUBLIC_URL: `http://localhost:${port}`,
      TENANTRY_WEB_BUILD: process.env['TEST_WEB_BUILD'] ?? '',
    });
    await installation.addPlan('patient', steps);
    await createOwner(installation.em, owner.email, owner.password);
    api = await startApi(installation.configuration, { logger: createLogger('test', { level: 'fatal' }) });
    await installation.startWorker((position, attempt) => stepIn(position, attempt));
    browser = await startBrowser();
    page = await (await browser.newContext()).newPage();
    await page.goto(at('/sign-in'));
    await page.getByLabel('E-mail address').fill(owner.email);
    await page.getByLabel('Password', { exact: true }).fill(owner.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL('**/tenants');
  });
  after(async () => {
    await browser?.close();
    await api?.stop();
    await installation?.stop();
  });
  beforeEach(() => {
    stepIn = async ({ at: where }) => {
      if (where === 'storage.ensure') throw new DomainError('resource_conflict', 'Something is in the way.');
    };
  });

  const parked = async (name: string): Promise<string> => {
    const { runId } = await installation.createTenant({ name, plan: 'patient' });
    await installation.runIs('waiting', runId);
    return runId;
  };

  it('retries a parked run and watches it succeed; the decision stays on the page with its author', async () => {
    const runId = await parked('Retried in the browser');
    await page.goto(at(`/runs/${runId}`));
    await page.getByRole('heading', { name: 'Waits for your decision' }).waitFor();
    await shown('parked');
    stepIn = async () => undefined;
    await page.getByRole('button', { name: 'Retry', exact: true }).click();
    await page.getByText('Succeeded').first().waitFor();
    await page.getByText('Retried: Create the storage bucket').waitFor();
    await becomes(() => page.getByRole('main').getByText(owner.email).first().isVisible(), true);
    await shown('decided');
  });

  it('is asked before a step is skipped, and goes on without it', async () => {
    const runId = await parked('Skipped in the browser');
    await page.goto(at(`/runs/${runId}`));
    await page.getByRole('button', { name: 'Skip…' }).click();
    await page.getByRole('dialog').waitFor();
    await shown('asked');
    await page.getByRole('button', { name: 'Undo it and skip' }).click();
    await page.getByText('Succeeded').first().waitFor();
    assert.equal((await installation.run(runId)).state, 'succeeded');
  });

  it('is told when the run moved on while the page was open', async () => {
    const runId = await parked('Moved on');
    await page.goto(at(`/runs/${runId}`));
    await page.getByRole('button', { name: 'Roll back…' }).click();
    await page.route('**/decisions', async (route) => {
      const body = route.request().postDataJSON() as { version: number };
      await route.continue({ postData: JSON.stringify({ ...body, version: body.version - 1 }) });
    });
    await page.getByRole('button', { name: 'Roll back', exact: true }).click();
    await page.getByText('The run has moved on since you looked').waitFor();
    await page.unroute('**/decisions');
    await page.getByRole('button', { name: 'Roll back', exact: true }).click();
    await installation.runIsOver(runId);
    assert.equal((await installation.run(runId)).state, 'rolled_back');
  });

  it('stops a run at a breakpoint and lets it go on', async () => {
    let goOn = () => undefined as void;
    const released = new Promise<void>((resolve) => (goOn = resolve));
    stepIn = async ({ at: where, when }) => {
      if (where === 'database.ensure' && when === 'before') await released;
    };
    const { runId } = await installation.createTenant({ name: 'Broken at', plan: 'patient' });
    await installation.runIs('running', runId);
    await page.goto(at(`/runs/${runId}`));
    await page.getByRole('button', { name: 'Stop before this step' }).last().click();
    await page.getByRole('button', { name: 'Stops before this step' }).waitFor();
    await shown('breakpoint');
    goOn();
    await page.getByRole('heading', { name: 'Stopped at a breakpoint' }).waitFor();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('Succeeded').first().waitFor();
  });

  it('answers many runs at once from the list', async () => {
    const runs = [await parked('Many one'), await parked('Many two'), await parked('Many three')];
    await page.goto(at('/runs?state=waiting'));
    await page.getByText('3 runs').waitFor();
    await shown('parked-list');
    stepIn = async () => undefined;
    await page.getByRole('button', { name: 'Retry all…' }).click();
    await page.getByRole('button', { name: 'Retry all', exact: true }).click();
    await page.getByText('3 runs were told').waitFor();
    for (const runId of runs) assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
  });

  it('pauses provisioning on the whole platform, sees why on every page, and lets it go on', async () => {
    stepIn = async () => undefined;
    await page.goto(at('/runs'));
    await page.getByRole('button', { name: 'Pause provisioning…' }).click();
    await page.getByLabel('Reason, shown to everyone').fill('Storage is being moved.');
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByText('Provisioning is paused.').waitFor();
    const { runId } = await installation.createTenant({ name: 'Waits with the others', plan: 'patient' });
    await installation.runIs('paused', runId);
    await page.goto(at(`/runs/${runId}`));
    await page.getByRole('heading', { name: 'Provisioning is paused on the whole platform' }).waitFor();
    await shown('provisioning-paused');
    await page.getByRole('button', { name: 'Resume provisioning' }).click();
    await page.getByText('Succeeded').first().waitFor();
  });
});
