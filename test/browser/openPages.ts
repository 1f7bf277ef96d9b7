import assert from 'node:assert/strict';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { freePorts } from '#local/ports.ts';
import type { Servers } from '#test/servers/installation.ts';
import { ApiInstallation } from '../api/apiInstallation.ts';
import { startBrowser } from './browser.ts';

/** An API with its pages at an address of its own, and a browser that looks at them. */
export class OpenedPages {
  readonly api: ApiInstallation;
  readonly browser: Browser;
  /** What scripts of the pages failed with, and what browsers complained about. */
  readonly complaints: string[] = [];

  private constructor(api: ApiInstallation, browser: Browser) {
    this.api = api;
    this.browser = browser;
  }

  /** @param servers others than those that all tests share */
  static async start(overrides: Record<string, string> = {}, servers?: Servers): Promise<OpenedPages> {
    const [port = 0] = await freePorts(1);
    const api = await ApiInstallation.start(
      (same) => same,
      {
        TENANTRY_PORT: String(port),
        TENANTRY_PUBLIC_URL: `http://localhost:${port}`,
        TENANTRY_WEB_BUILD: process.env['TEST_WEB_BUILD'] ?? '',
        ...overrides,
      },
      servers,
    );
    assert.ok(api.installation.configuration.webBuild, 'the pages were not built');
    return new OpenedPages(api, await startBrowser());
  }

  at(path: string): string {
    return `${this.api.installation.configuration.publicUrl}${path}`;
  }

  /** A page in a browser profile of its own; signed in when a cookie pair is given. */
  async newPage(cookie: string | null = null): Promise<Page> {
    const context = await this.browser.newContext();
    if (cookie !== null) await this.give(context, cookie);
    const page = await context.newPage();
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      // The browser itself notes each refused request.
      if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) this.complaints.push(message.text());
    });
    return page;
  }

  async give(context: BrowserContext, cookie: string): Promise<void> {
    const [name = '', value = ''] = cookie.split('=');
    await context.addCookies([{ name, value, url: this.api.installation.configuration.publicUrl }]);
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.api.stop();
  }
}
