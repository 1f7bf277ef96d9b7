import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { freePorts } from '#local/ports.ts';
import { ApiInstallation } from '../api/apiInstallation.ts';
import { becomes, startBrowser } from './browser.ts';

const shownWithinMs = 40_000;

describe("an operator in Temporal's UI", () => {
  let api: ApiInstallation;
  let browser: Browser;
  let history: string;
  let runId: string;
  let page: Page;

  before(async function () {
    this.timeout(120_000);
    const ui = process.env['TEST_TEMPORAL_UI_URL']?.replace('127.0.0.1', 'localhost');
    assert.ok(ui, 'the test server has a UI');
    const [port = 0] = await freePorts(1);
    api = await ApiInstallation.start((same) => same, {
      TENANTRY_PORT: String(port),
      TENANTRY_PUBLIC_URL: `http://localhost:${port}`,
      TEMPORAL_UI_URL: ui,
    });
    await api.installation.startWorker();
    ({ runId } = await api.installation.provision({ name: 'Looked at' }));
    const { temporal } = await api.installation.run(runId);
    const { runId: execution } = await api.installation.temporal.client.workflow
      .getHandle(temporal.workflowId)
      .describe();
    history = `${ui}/namespaces/default/workflows/${encodeURIComponent(temporal.workflowId)}/${execution}/history`;
  });
  after(async () => {
    await api?.stop();
  });

  afterEach(() => browser?.close());

  /** The UI with its codec set as the guide says; signed in at Tenantry or not. */
  async function look(signedIn: boolean): Promise<void> {
    browser = await startBrowser();
    const context = await browser.newContext();
    const { publicUrl } = api.installation.configuration;
    const [name = '', value = ''] = api.cookie.split('=');
    if (signedIn) await context.addCookies([{ name, value, url: publicUrl, httpOnly: true, sameSite: 'Lax' }]);
    await context.addInitScript((endpoint) => {
      localStorage.setItem('overrideRemoteCodecConfiguration', 'true');
      localStorage.setItem('endpoint', JSON.stringify(endpoint));
      localStorage.setItem('includeCredentials', 'true');
    }, `${publicUrl}/api/v1/codec`);
    page = await context.newPage();
  }

  it('who is signed in at Tenantry reads what the run was started with', async () => {
    await look(true);
    const decoded = page.waitForResponse((response) => response.url().endsWith('/codec/decode') && response.ok());
    await page.goto(history);
    assert.equal((await decoded).request().method(), 'POST');
    await page.getByText(runId).filter({ visible: true }).first().waitFor();
    await page.getByText('undoPatienceSeconds').filter({ visible: true }).first().waitFor();
  });

  it('who is not signed in sees ciphertext', async () => {
    await look(false);
    const statuses: number[] = [];
    page.on(
      'response',
      (response) => void (response.url().endsWith('/codec/decode') && statuses.push(response.status())),
    );
    await page.goto(history);
    await api.installation.until('the codec to refuse', shownWithinMs, async () => statuses.includes(401));
    assert.deepEqual([...new Set(statuses)], [401]);
    await becomes(() => page.getByText('undoPatienceSeconds').count(), 0);
  });
});
