import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { crossings, violationsOf } from './architecture/rules.ts';
import { readSources } from './architecture/sources.ts';

const checkout = resolve(import.meta.dirname, '..');

/** A small sound tree, with something planted into it. */
function planted(files: Record<string, string>): string[] {
  const sound: Record<string, string> = {
    'contracts/runStates.ts': 'export const runStates = [];',
    'contracts/tenants.ts': "import { z } from 'zod';\nexport const Tenant = z.object({});",
    'domain/tenants.ts': "import { Tenant } from '#contracts/tenants.ts';\nexport const tenantOf = () => Tenant;",
    'providers/database.ts': "import { tenantOf } from '#domain/tenants.ts';\nexport const database = tenantOf;",
    'activities/index.ts':
      "import { database } from '#providers/database.ts';\nexport type Activities = typeof database;",
    'workflows/tenant/provisionTenant.ts':
      "import type { Activities } from '#activities/index.ts';\nimport { runStates } from '#contracts/runStates.ts';\n" +
      "import { sleep } from '@temporalio/workflow';\nexport async function provisionTenant(a: Activities) { await sleep(runStates.length, a); }",
    'workflows/index.ts': "export * from './tenant/provisionTenant.ts';",
    'api/server.ts': "import type * as workflows from '#workflows/index.ts';\nexport type W = typeof workflows;",
    'web/src/lib/words.ts': "import type { Tenant } from '#contracts/tenants.ts';\nexport type T = typeof Tenant;",
    'web/src/Page.svelte': '<script lang="ts">\n  import { T } from \'#lib/words.ts\';\n</script>\n<p>{T}</p>',
  };
  return violationsOf(new Map(Object.entries({ ...sound, ...files })));
}

describe('architecture', () => {
  it('is kept by every file of this checkout', () => {
    const files = readSources(checkout);
    assert.ok(files.size > 100, `only ${files.size} files were found`);
    assert.deepEqual(violationsOf(files), []);
  });

  it('knows every room that package.json makes reachable', () => {
    const { imports } = JSON.parse(readFileSync(resolve(checkout, 'package.json'), 'utf8')) as {
      imports: Record<string, string>;
    };
    const reachable = Object.keys(imports).map((name) => name.slice(1, -2));
    assert.deepEqual(
      reachable.filter((room) => !crossings[room]),
      [],
    );
  });

  it('finds nothing in a sound tree', () => assert.deepEqual(planted({}), []));

  const plants: [string, Record<string, string>, RegExp][] = [
    [
      'the API reaching for a provider',
      { 'api/x.ts': "import { database } from '#providers/database.ts';" },
      /^api\/x\.ts:1 api may not import from providers/,
    ],
    [
      'the API loading a provider dynamically',
      { 'api/x.ts': "export const x = () =>\n  import('#providers/database.ts');" },
      /^api\/x\.ts:2 api may not import from providers/,
    ],
    [
      'the API running workflow code',
      { 'api/x.ts': "import { provisionTenant } from '#workflows/tenant/provisionTenant.ts';" },
      /api may import only types from workflows/,
    ],
    [
      'a workflow bundling activities',
      { 'workflows/lib/x.ts': "import { a } from '#activities/index.ts';" },
      /workflows may import only types from activities/,
    ],
    [
      'a workflow bundling zod through a contract',
      { 'workflows/lib/x.ts': "import { Tenant } from '#contracts/tenants.ts';" },
      /workflows may import only types from contracts/,
    ],
    [
      'a workflow running a package',
      { 'workflows/lib/x.ts': "import { z } from 'zod';" },
      /runs a package inside workflows: zod/,
    ],
    [
      'a value hidden among types',
      { 'workflows/lib/x.ts': "import { type A, b } from '#activities/index.ts';" },
      /workflows may import only types/,
    ],
    [
      'a re-export across a border',
      { 'contracts/x.ts': "export * from '#domain/tenants.ts';" },
      /contracts may not import from domain/,
    ],
    [
      'the domain knowing providers',
      { 'domain/x.ts': "import type { d } from '#providers/database.ts';" },
      /domain may not/,
    ],
    [
      'a page reaching for the domain',
      { 'web/src/X.svelte': '<script lang="ts">\n  import { t } from \'#domain/tenants.ts\';\n</script>' },
      /^web\/src\/X\.svelte:2 web may not import from domain/,
    ],
    ['a relative path out of a room', { 'api/x.ts': "import { t } from '../domain/tenants.ts';" }, /leaves its room/],
    ['a crossing into the own room', { 'domain/x.ts': "import { t } from '#domain/tenants.ts';" }, /its own room/],
    ['an import of nothing', { 'domain/x.ts': "import { t } from '#contracts/nothing.ts';" }, /what is not there/],
    ['a new room without a rule', { 'billing/x.ts': '' }, /^billing\/ is a room without a rule/],
    ['a long file', { 'domain/x.ts': 'x;\n'.repeat(301) }, /has 301 lines/],
    [
      'a full folder',
      Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`domain/people/p${index}.ts`, ''])),
      /^domain\/people\/ holds 21 files/,
    ],
    ['a name that says nothing', { 'domain/tenantManager.ts': '' }, /tenantManager\.ts says nothing/],
    ['a folder whose name says nothing', { 'domain/utils/x.ts': '' }, /^domain\/utils says nothing/],
    [
      'a workflow that is named otherwise than its file',
      { 'workflows/suspendTenant.ts': 'export async function suspend() {}' },
      /suspendTenant\.ts does not export suspendTenant/,
    ],
    [
      'a workflow that no worker would know',
      { 'workflows/suspendTenant.ts': 'export async function suspendTenant() {}' },
      /is not in workflows\/index\.ts/,
    ],
    [
      'a circle of files',
      {
        'domain/a.ts': "import './b.ts';",
        'domain/b.ts': "export { c } from './c.ts';",
        'domain/c.ts': "export const c = 1;\nimport './a.ts';",
      },
      /imports itself: domain\/a\.ts → domain\/b\.ts → domain\/c\.ts → domain\/a\.ts/,
    ],
  ];
  for (const [what, files, expected] of plants) {
    it(`finds ${what}`, () => {
      const found = planted(files);
      assert.ok(
        found.some((violation) => expected.test(violation)),
        found.join('\n') || 'nothing was found',
      );
    });
  }

  it('is not fooled by types of a circle, comments or texts', () => {
    const harmless = {
      'domain/a.ts':
        "import type { B } from './b.ts';\nexport type A = B;\n// import '#api/server.ts';\nexport const t = \"import '#api/server.ts'\";",
      'domain/b.ts': "import { t } from './a.ts';\nexport type B = typeof t;",
    };
    assert.deepEqual(planted(harmless), []);
  });
});
