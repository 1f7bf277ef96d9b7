import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { freePorts } from '#local/ports.ts';
import { takeDueMails } from '#domain/mails/outbox.ts';
import { ApiInstallation } from '../api/apiInstallation.ts';
import { personWith } from '../api/personWith.ts';
import { becomes, look, press, startBrowser } from './browser.ts';

describe('acting for a tenant, in two browsers', () => {
  let api: ApiInstallation;
  /** One for each: contexts of the one that runs in a single process share their cookies. */
  const browsers: Browser[] = [];
  /** Sam of the platform, and Vera, the administrator of the tenant, who has no sign-in here. */
  let sam: Page;
  let vera: Page;
  let tenantId: string;
  const complaints: string[] = [];

  before(async function () {
    this.timeout(120_000);
    const [port = 0] = await freePorts(1);
    api = await ApiInstallation.start((same) => same, {
      TENANTRY_PORT: String(port),
      TENANTRY_PUBLIC_URL: `http://localhost:${port}`,
      TENANTRY_WEB_BUILD: process.env['TEST_WEB_BUILD'] ?? '',
    });
    const admin = { email: 'vera@customer.example', name: 'Vera' };
    ({ tenantId } = await api.installation.createTenant({ name: 'Åbo Akademi', slug: 'abo', admin }));
    await api.installation.asAdmin(null, `update tenants set state = 'active'`);
    await api.installation.asAdmin(null, `update runs set state = 'succeeded', exclusive = false`);
    const { cookie } = await personWith(api.installation, [{ role: 'support' }], 'sam@platform.example');
    sam = await pageOf(cookie);
    vera = await pageOf(null);
  });
  after(async () => {
    await Promise.all(browsers.map((browser) => browser.close()));
    await api?.stop();
  });

  const url = (path: string) => `${api.installation.configuration.publicUrl}${path}`;

  async function pageOf(cookie: string | null): Promise<Page> {
    const browser = await startBrowser();
    browsers.push(browser);
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
    const [name = '', value = ''] = cookie?.split('=') ?? [];
    if (cookie) await context.addCookies([{ name, value, url: url('/') }]);
    const page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    return page;
  }

  async function linkOfMail(): Promise<string> {
    const { em, platform } = api.installation;
    const [mail] = await takeDueMails(em, platform.installation.keyring, 10);
    return /\S+\/portal\/\S+#\S+/.exec(mail?.text ?? '')![0];
  }

  it("is asked for on the tenant's page, and the administrator allows it by the link of the mail", async () => {
    await sam.goto(url(`/tenants/${tenantId}`));
    await press(sam, 'Ask to be let in…');
    await sam.keyboard.type('They cannot see their invoices.');
    await look(sam, 'support-ask');
    await press(sam, 'Ask');
    await sam.getByText('Waits for consent').waitFor();

    await vera.goto(await linkOfMail());
    await vera.getByText('They cannot see their invoices.').waitFor();
    assert.ok(!vera.url().includes('#'), 'the token stays in the address');
    await look(vera, 'support-consent');
    await press(vera, 'Allow');
    await vera.getByText('They are let in now.').waitFor();
    await look(vera, 'support-consent-running');
  });

  it('shows a banner with the time left on every page, the portal as well, until it is left', async () => {
    await press(sam, 'Enter');
    const banner = sam.getByRole('complementary', { name: 'Support access' });
    await banner.getByText('You act as Vera').waitFor();
    await banner.getByText(/\d+ min \d+ s left/).waitFor();
    await look(sam, 'support-acting');
    for (const path of ['/tenants', '/runs', '/tasks', '/settings/support-access', '/profile']) {
      await sam.goto(url(path));
      await banner.waitFor();
    }
    await sam.goto(url('/portal/abo'));
    await banner.waitFor();
    await sam.getByText('You are here as Vera').waitFor();
    await look(sam, 'support-portal');
    await press(sam, 'Leave');
    await banner.waitFor({ state: 'detached' });
  });

  it('ends in front of who acts when the administrator ends it', async () => {
    await sam.goto(url('/settings/support-access'));
    await press(sam, 'Enter');
    const banner = sam.getByRole('complementary', { name: 'Support access' });
    await banner.waitFor();
    await press(vera, 'End it now');
    await vera.getByText('It is over: ended by the tenant').waitFor();
    await banner.waitFor({ state: 'detached' });
    await look(sam, 'support-list');
  });

  it('by breaking the glass needs a longer reason, and says so on every page', async () => {
    await sam.goto(url(`/tenants/${tenantId}`));
    await press(sam, 'Break the glass…');
    await sam.keyboard.type('Too short.');
    await becomes(() => sam.getByRole('button', { name: 'Break the glass', exact: true }).isDisabled(), true);
    await sam.keyboard.type(' Their nightly import has stopped.');
    await press(sam, 'Break the glass');
    await press(sam, 'Enter');
    await sam.getByText('without its consent').waitFor();
    await look(sam, 'support-glass');
    await press(sam, 'Leave');
    await sam.getByRole('complementary', { name: 'Support access' }).waitFor({ state: 'detached' });
    assert.deepEqual(complaints, []);
  });
});
