import type { Browser, Page } from 'playwright-core';
import { startApi, type RunningApi } from '#api/server.ts';
import { createSetupToken } from '#domain/people/ownership.ts';
import { createLogger } from '#observability/logging.ts';
import { freePorts } from '#local/ports.ts';
import { TestInstallation } from '../servers/installation.ts';
import { becomes, startBrowser } from './browser.ts';

describe('an author of blueprints, in a browser', () => {
  let installation: TestInstallation;
  let api: RunningApi;
  let browser: Browser;
  let page: Page;

  before(async function () {
    this.timeout(120_000);
    const [port = 0] = await freePorts(1);
    installation = await TestInstallation.start({
      TENANTRY_PORT: String(port),
      TENANTRY_PUBLIC_URL: `http://localhost:${port}`,
      TENANTRY_WEB_BUILD: process.env['TEST_WEB_BUILD'] ?? '',
    });
    api = await startApi(installation.configuration, { logger: createLogger('test', { level: 'fatal' }) });
    await installation.startWorker();
    browser = await startBrowser();
    page = await (await browser.newContext()).newPage();
    const token = await createSetupToken(installation.em);
    await page.goto(at(`/setup#${token}`));
    await page.getByLabel('E-mail address').fill('owner@example.org');
    await page.getByLabel('Password', { exact: true }).fill('correct horse battery staple');
    await page.getByRole('button', { name: 'Set password and sign in' }).click();
    await page.waitForURL('**/tenants');
  });
  after(async () => {
    await browser?.close();
    await api?.stop();
    await installation?.stop();
  });

  const at = (path: string) => `${installation.configuration.publicUrl}${path}`;
  const shoot = async (name: string) => {
    const folder = process.env['TEST_SCREENSHOTS'];
    if (!folder) return;
    for (const [width, height] of [
      [1280, 900],
      [390, 844],
    ] as const)
      // prettier-ignore
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.setViewportSize({ width, height });
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: `${folder}/${name}-${width}-${colorScheme}.png`, fullPage: true });
      }
    await page.setViewportSize({ width: 1280, height: 900 });
  };

  it('is told beside the line what is wrong, loses nothing, and makes a version that differs as intended', async () => {
    await page.goto(at('/blueprints'));
    await shoot('list');
    await page.getByRole('link', { name: 'standard' }).click();
    await shoot('blueprint');
    await page.getByRole('link', { name: 'New version' }).click();
    const editor = page.getByLabel('Steps, as JSON');
    const text = await editor.inputValue();
    await editor.fill(text.replace('"provider": "storage"', '"provider": "attic"'));
    const problem = page.getByRole('button', { name: /steps\.2\.provider/ });
    await becomes(() => problem.textContent(), /is unknown.*line 18/s);
    await editor.fill(`${text} oops`);
    await page.getByText('This is not JSON yet').waitFor();
    await editor.fill(
      text
        .replace('"provider": "storage"', '"provider": "attic"')
        .replace('"title": "Create the sign-in realm"', '"title": ""'),
    );
    await problem.waitFor();
    await page.getByRole('button', { name: 'Save as v2' }).click();
    await page.getByText('Tenants cannot be made by these steps.').waitFor();
    await shoot('editor');
    await becomes(() => editor.inputValue(), /attic/);

    await editor.fill(text.replace('Create the storage bucket', 'Create the bucket'));
    await page.getByText('Tenants can be made by these steps.').waitFor();
    await page.getByRole('button', { name: 'Save as v2' }).click();
    await page.waitForURL('**/blueprints/standard?version=2&against=1');
    await page.getByText('What v2 does otherwise than v1').waitFor();
    await becomes(() => page.locator('ins').textContent(), 'Create the bucket');
    await shoot('diff');
  });

  it('moves a plan, and whoever planned a tenant before is told what moved and plans again', async () => {
    const other = await page.context().newPage();
    await other.goto(at('/tenants/new'));
    await other.getByLabel('Name').first().fill('Université de Besançon');
    await other.getByRole('button', { name: 'Show the plan' }).click();
    await other.getByText('Blueprint standard v1').waitFor();

    await page.getByRole('button', { name: 'Move to v2…' }).click();
    await shoot('move');
    await page.getByRole('button', { name: 'Move the plan' }).click();
    await page.getByText('makes tenants by v2').waitFor();

    await other.getByRole('button', { name: 'Create tenant' }).click();
    await other.getByText('is standard v2 now; it was standard v1').waitFor();
    [page] = [other];
    await shoot('outdated');
    await page.locator('aside').getByRole('button', { name: 'Plan again' }).click();
    await page.getByText('Blueprint standard v2').waitFor();
    await page.getByRole('button', { name: 'Create tenant' }).click();
    await page.waitForURL('**/runs/*');
    await page.getByText('Succeeded').first().waitFor();
  });

  it('begins a blueprint of its own, with a step after the doors, and sells it by a plan', async () => {
    await page.goto(at('/blueprints/new'));
    const editor = page.getByLabel('Steps, as JSON');
    const [first] = JSON.parse(await editor.inputValue()) as object[];
    const url = 'https://crm.example/accounts';
    const account = {
      key: 'crm', kind: 'http', title: 'Open an account in the CRM', url, undoUrl: `${url}/close`, timeoutSeconds: 30, onFailure: 'wait', skippable: true,
    }; // prettier-ignore
    const invoice = {
      key: 'invoice', kind: 'custom', title: 'Send the first invoice', when: 'after', irreversible: true, taskQueue: 'billing', activity: 'sendInvoice', timeoutSeconds: 60,
    }; // prettier-ignore
    await editor.fill(JSON.stringify([first, account, invoice], null, 2));
    await page.getByRole('button', { name: 'Save as v1' }).click();
    await page.locator('[aria-invalid=true]').first().waitFor();
    await page.getByLabel('Name').fill('with-crm');
    await page.getByRole('button', { name: 'Save as v1' }).click();
    await page.waitForURL('**/blueprints/with-crm');
    await page.getByText('No plan uses this blueprint').waitFor();
    await page.getByRole('button', { name: 'New plan…' }).click();
    await page.getByLabel('Title').fill('With CRM');
    await page.getByLabel('Name').fill('with-crm');
    await shoot('newPlan');
    await page.getByRole('button', { name: 'Create plan' }).click();
    await page.getByText('makes tenants by v1').waitFor();
    await page.getByText('They leave with 30 days to come back.').waitFor();
    await page.getByRole('button', { name: 'Grace of With CRM' }).click();
    await page.getByLabel('Days in which an offboarding can be undone').fill('60');
    await shoot('grace');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('They leave with 60 days to come back.').waitFor();
    await shoot('rich');
  });
}).timeout(60_000);
