import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { checkout } from '#local/paths.ts';
import { place } from '#packages/license/vectors/generate.ts';
import { startBrowser } from '../browser/browser.ts';
import { vectors } from './vectors.ts';

const run = promisify(execFile);
const packageFolder = join(checkout, 'packages/license');

/** Runs in the page, which is served the vectors as well: what comes out of each. */
const runVectors = `(async () => {
  const { createVerifier, parseLicenseKey } = await import('/dist/browser.js');
  const { defaults, cases, licenseKeys } = await (await fetch('/vectors.json')).json();
  const bytes = (hex) => Uint8Array.from(hex.match(/../g), (byte) => parseInt(byte, 16));
  const outcome = async ({ text, blanks = 0, given }) => {
    const { now, seenSecret, ...rest } = { ...defaults, ...given };
    const options = { ...rest, clock: () => Date.parse(now), seenSecret: seenSecret && bytes(seenSecret) };
    try {
      const verdict = await createVerifier(options).verifyAsync(text + ' '.repeat(blanks));
      const { state, action, until, warnings, license } = verdict;
      return { state, action, until, warnings, serial: license?.serial ?? null };
    } catch (error) {
      return { error: error.code ?? String(error) };
    }
  };
  const found = [];
  for (const one of cases) found.push({ name: one.name, got: await outcome(one) });
  for (const { typed } of licenseKeys) found.push({ name: typed, got: parseLicenseKey(typed) });
  return found;
})()`;

describe('the package as it is published', function () {
  this.timeout(180_000);
  let folder: string;
  let server: Server;
  let browser: Browser | undefined;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tenantry-license-package-'));
    const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
    await run(process.execPath, [tsc, '-p', packageFolder, '--outDir', join(folder, 'dist')]);
    await writeFile(join(folder, 'package.json'), await readFile(join(packageFolder, 'package.json')));
    server = createServer((request, response) => {
      const path = normalize(request.url ?? '/');
      const file = path === '/vectors.json' ? place : join(folder, path);
      if (path === '/')
        return response.setHeader('content-type', 'text/html').end('<!doctype html><title>Product</title>');
      readFile(file).then(
        (content) =>
          response
            .setHeader('content-type', path.endsWith('.js') ? 'text/javascript' : 'application/json')
            .end(content),
        () => response.writeHead(404).end(),
      );
      return undefined;
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(async () => {
    await browser?.close();
    server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('is found under its names by Node', async () => {
    const product = await mkdtemp(join(folder, 'product-'));
    await run('mkdir', ['-p', join(product, 'node_modules/@tenantry')]);
    await symlink(folder, join(product, 'node_modules/@tenantry/license'));
    const program = `
      import { createVerifier } from '@tenantry/license';
      import { requireLicense } from '@tenantry/license/express';
      import { writeLicense } from '@tenantry/license/writing';
      import { createVerifier as forBrowsers } from '@tenantry/license/browser';
      const { defaults, cases } = ${JSON.stringify({ defaults: vectors.defaults, cases: vectors.cases.slice(0, 1) })};
      const verifier = createVerifier({ ...defaults, clock: () => Date.parse(defaults.now) });
      console.log(verifier.verify(cases[0].text).state, typeof requireLicense, typeof writeLicense, typeof forBrowsers);`;
    await writeFile(join(product, 'product.mjs'), program);
    const { stdout } = await run(process.execPath, [join(product, 'product.mjs')]);
    assert.equal(stdout.trim(), 'valid function function function');
  });

  it('brings no code that browsers lack', async () => {
    const seen = new Set<string>();
    const walk = async (file: string): Promise<void> => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const [, specifier = ''] of (await readFile(file, 'utf8')).matchAll(/from ["']([^"']+)["']/g)) {
        assert.match(specifier, /^\.{1,2}\//, `${file} imports ${specifier}`);
        await walk(join(file, '..', specifier));
      }
    };
    await walk(join(folder, 'dist/browser.js'));
    assert.ok(seen.size > 10);
  });

  it('finds the same of each vector in a browser', async () => {
    browser = await startBrowser();
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const found = (await page.evaluate(runVectors)) as { name: string; got: unknown }[];
    const expected = [
      ...vectors.cases.map(({ name, expect }) => ({ name, got: expect })),
      ...vectors.licenseKeys.map(({ typed, read }) => ({ name: typed, got: read })),
    ];
    assert.equal(found.length, expected.length);
    for (const [at, one] of found.entries()) assert.deepEqual(one, expected[at]);
  });
});
