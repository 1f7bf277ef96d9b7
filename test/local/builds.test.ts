import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPages } from '#local/buildPages.ts';
import { buildWorkflows } from '#local/buildWorkflows.ts';
import { checkout } from '#local/paths.ts';
import { sourceHash } from '#local/sourceHash.ts';

describe('what is built from sources', () => {
  let root: string;
  const lay = async (files: Record<string, string>): Promise<void> => {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(root, path, '..'), { recursive: true });
      await writeFile(join(root, path), text);
    }
  };
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'builds with spaces '));
    await symlink(join(checkout, 'node_modules'), join(root, 'node_modules'));
    await lay({ 'package.json': '{"type":"module"}', 'contracts/words.ts': `export const word = 'first';` });
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('is named by what the sources hold and where, not by when; tests and earlier builds do not count', async () => {
    const hash = () => sourceHash(root, ['contracts'], ['tool@1']);
    const first = await hash();
    await lay({
      'contracts/words.test.ts': '',
      'contracts/build/out.js': '',
      'contracts/words.ts': `export const word = 'first';`,
    });
    assert.equal(await hash(), first);
    assert.notEqual(await sourceHash(root, ['contracts'], ['tool@2']), first);
    await lay({ 'contracts/words.ts': `export const word = 'other';` });
    const changed = await hash();
    assert.notEqual(changed, first);
    await rm(join(root, 'contracts/words.ts'));
    await lay({ 'contracts/verbs.ts': `export const word = 'other';` });
    assert.ok(![first, changed].includes(await hash()));
  });

  it('builds the workflows once for a state of their sources, for any number that ask at once', async () => {
    await cp(join(checkout, 'temporal', 'failureConverter.ts'), join(root, 'temporal', 'failureConverter.ts'), {
      recursive: true,
    });
    const workflow = `import { sleep } from '@temporalio/workflow';
      import { word } from '../contracts/words.ts';
      export async function greet(): Promise<string> { await sleep(1); return word; }`;
    await lay({ 'workflows/greet.ts': workflow, 'workflows/index.ts': `export { greet } from './greet.ts';` });
    const asked = await Promise.all([buildWorkflows(root), buildWorkflows(root)]);
    assert.equal(asked[0], asked[1]);
    assert.match(await readFile(asked[0]!, 'utf8'), /greet/);
    assert.deepEqual((await readdir(join(root, 'build', 'workflows'))).length, 1, 'nothing half-made is left');

    await lay({ 'contracts/words.ts': `export const word = 'second';` });
    const next = await buildWorkflows(root);
    assert.notEqual(next, asked[0]);
    assert.match(await readFile(next, 'utf8'), /second/);
  });

  it('builds the pages into a folder of their own, and leaves an earlier one to the server that runs on it', async () => {
    const calls = join(root, 'calls');
    // In place of vite: what counts here is when it is called and what becomes of its output.
    const builder = `
      import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
      appendFileSync(${JSON.stringify(calls)}, 'x');
      if (readFileSync('src/page.svelte', 'utf8') === 'broken') { console.error('page.svelte:1 is broken'); process.exit(1); }
      mkdirSync('build', { recursive: true });
      writeFileSync('build/handler.js', readFileSync('src/page.svelte'));`;
    await lay({
      'web/package.json': '{"type":"module"}',
      'web/src/page.svelte': 'one',
      'web/node_modules/vite/package.json': '{"type":"module"}',
      'web/node_modules/vite/bin/vite.js': builder,
    });
    const [first, same] = await Promise.all([buildPages(root), buildPages(root)]);
    assert.equal(first, same);
    assert.equal((await readFile(calls, 'utf8')).length, 1, 'the second one waited for the first');
    await lay({ 'web/src/page.svelte': 'two' });
    const second = await buildPages(root);
    assert.equal(await readFile(join(first!, 'handler.js'), 'utf8'), 'one');
    assert.equal(await readFile(join(second, 'handler.js'), 'utf8'), 'two');

    await lay({ 'web/src/page.svelte': 'broken' });
    await assert.rejects(buildPages(root), /pages could not be built[^]*page\.svelte:1 is broken/);
  });
});
