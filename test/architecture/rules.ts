import { posix } from 'node:path';
import { exportsValue, importsOf, type Import } from './sources.ts';

/** Who may cross where by value, and by `import type` only. A room that is not named here may not exist. */
export const crossings: Record<string, { values: string[]; types?: string[] }> = {
  contracts: { values: [] },
  // What products that are licensed take from us, and our own server with them: it knows nothing of the rest.
  packages: { values: [] },
  domain: { values: ['contracts', 'packages'] },
  observability: { values: ['contracts', 'domain'] },
  temporal: { values: ['contracts', 'domain', 'observability'] },
  providers: { values: ['contracts', 'domain'] },
  activities: { values: ['contracts', 'domain', 'providers', 'observability'] },
  // Workflows are replayed: what they run must be pure and small. Everything else is known to them by type.
  workflows: { values: [], types: ['contracts', 'activities'] },
  workers: {
    values: ['contracts', 'domain', 'providers', 'activities', 'workflows', 'temporal', 'observability', 'migrations'],
  },
  // The process that faces the internet holds no provisioning secrets: what needs a provider goes through a worker.
  api: { values: ['contracts', 'domain', 'temporal', 'observability'], types: ['workflows'] },
  web: { values: ['contracts'] },
  // On the operator's machine, also when nothing else runs: it reads the registry itself, starts the embedded one, and carries out
  // runbooks where no worker is left.
  cli: {
    values: [
      ...[
        'contracts',
        'domain',
        'observability',
        'temporal',
        'migrations',
        'local',
        'packages',
        'providers',
        'activities',
      ],
    ],
  },
  migrations: { values: ['contracts', 'domain'] },
  local: { values: ['*'] },
  deploy: { values: ['local'] },
  // What people copy into products of their own knows nothing of ours.
  examples: { values: [] },
  test: { values: ['*'] },
};

/** The modules of contracts that are pure and without zod. */
const workflowContracts = new Set(['contracts/runStates.ts', 'contracts/workflowInputs.ts', 'contracts/errors.ts']);
const workflowPackages = new Set(['@temporalio/workflow']);

const maxLines = 300;
const maxFilesInFolder = 20;
/** Files that may be longer, each with its reason. */
const longFiles: Record<string, string> = {};

const vagueName = /(?:^|[a-z0-9-])(?:utils?|helpers?|common|manager|service|misc)(?=$|[A-Z.-])/i;

const roomOf = (path: string): string => path.split('/')[0]!;
const isTest = (path: string): boolean => /\.test\.(?:ts|js)$/.test(path) || roomOf(path) === 'test';
const isRoot = (path: string): boolean => !path.includes('/');

/** Everything in these files that breaks the shape of architecture.md; each as `path:line what`. */
export function violationsOf(files: Map<string, string>): string[] {
  const imports = [...files].flatMap(([path, text]) => importsOf(path, text));
  return [
    ...imports.flatMap((one) => crossingViolation(one, files)),
    ...roomViolations(files),
    ...sizeViolations(files),
    ...nameViolations(files),
    ...workflowViolations(files),
    ...cycles(files, imports).map((cycle) => `${cycle[0]} imports itself: ${cycle.join(' → ')}`),
  ].toSorted();
}

function crossingViolation(one: Import, files: Map<string, string>): string[] {
  const { from, specifier, typeOnly, line } = one;
  if (isRoot(from)) return [];
  const complain = (what: string): string[] => [`${from}:${line} ${what}`];
  const room = roomOf(from);
  const rules = isTest(from) ? crossings['test']! : crossings[room];
  if (!rules) return [];
  const target = targetOf(one, files);

  if (specifier.startsWith('.')) {
    if (target === null || roomOf(target) === room) return [];
    return complain(`leaves its room by a relative path: ${specifier}`);
  }
  if (!specifier.startsWith('#') || (room === 'web' && specifier.startsWith('#lib/'))) {
    const isForeign = room === 'workflows' && !isTest(from) && !typeOnly && !workflowPackages.has(specifier);
    return isForeign ? complain(`runs a package inside workflows: ${specifier}`) : [];
  }
  const crossed = specifier.slice(1).split('/')[0]!;
  if (crossed === room && !isTest(from)) return complain(`crosses into its own room: ${specifier}`);
  if (target === null || !files.has(target)) return complain(`imports what is not there: ${specifier}`);
  if (rules.values.includes('*') || rules.values.includes(crossed)) return [];
  if (rules.types?.includes(crossed) && typeOnly) return [];
  if (room === 'workflows' && workflowContracts.has(target)) return [];
  const how = rules.types?.includes(crossed) ? 'may import only types from' : 'may not import from';
  return complain(`${room} ${how} ${crossed}: ${specifier}`);
}

/** The file that an import means, from the checkout's root; null for packages and generated modules. */
function targetOf({ from, specifier }: Import, files: Map<string, string>): string | null {
  if (specifier.startsWith('.')) {
    const path = posix.join(posix.dirname(from), specifier);
    return files.has(path) || !path.startsWith('..') ? path : null;
  }
  if (!specifier.startsWith('#')) return null;
  return specifier.startsWith('#lib/') ? `web/src/lib/${specifier.slice(5)}` : specifier.slice(1);
}

function roomViolations(files: Map<string, string>): string[] {
  const rooms = new Set([...files.keys()].filter((path) => !isRoot(path)).map(roomOf));
  return [...rooms].filter((room) => !crossings[room]).map((room) => `${room}/ is a room without a rule`);
}

function sizeViolations(files: Map<string, string>): string[] {
  const long = [...files]
    .map(([path, text]) => [path, text.trimEnd().split('\n').length] as const)
    .filter(([path, lines]) => lines > maxLines && !longFiles[path])
    .map(([path, lines]) => `${path} has ${lines} lines; more than ${maxLines} are too many`);
  const counts = new Map<string, number>();
  for (const path of files.keys()) counts.set(posix.dirname(path), (counts.get(posix.dirname(path)) ?? 0) + 1);
  const full = [...counts]
    .filter(([, count]) => count > maxFilesInFolder)
    .map(([folder, count]) => `${folder}/ holds ${count} files; more than ${maxFilesInFolder} are too many`);
  return [...long, ...full];
}

function nameViolations(files: Map<string, string>): string[] {
  const names = new Set(
    [...files.keys()].flatMap((path) => path.split('/').map((_, at, all) => all.slice(0, at + 1).join('/'))),
  );
  return [...names]
    .filter((path) => vagueName.test(posix.basename(path).replace(/\.[a-z.]+$/, '')))
    .map((path) => `${path} says nothing by its name`);
}

/** File = export = workflow type, in whichever room of workflows/. What is no workflow lies in workflows/lib/. */
function workflowViolations(files: Map<string, string>): string[] {
  const besides = new Set(['index', 'interceptors']);
  return [...files].flatMap(([path, text]) => {
    const [, place, name] = /^workflows\/((?:(?!lib\/)[^/]+\/)?([^/]+))\.ts$/.exec(path) ?? [];
    if (!place || !name || isTest(path) || besides.has(name)) return [];
    const index = files.get('workflows/index.ts') ?? '';
    return [
      ...(exportsValue(path, text, name) ? [] : [`${path} does not export ${name}`]),
      ...(importsOf('workflows/index.ts', index).some(({ specifier }) => specifier === `./${place}.ts`)
        ? []
        : [`${path} is not in workflows/index.ts`]),
    ];
  });
}

/** Every circle of files that load each other; types are erased and load nothing. One way round each. */
function cycles(files: Map<string, string>, imports: Import[]): string[][] {
  const edges = new Map<string, string[]>();
  for (const one of imports) {
    const target = one.typeOnly ? null : targetOf(one, files);
    if (target && files.has(target)) edges.set(one.from, [...(edges.get(one.from) ?? []), target]);
  }
  const found: string[][] = [];
  const state = new Map<string, 'open' | 'closed'>();
  const walk = (path: string, way: string[]): void => {
    if (state.get(path) === 'closed') return;
    if (state.get(path) === 'open') {
      found.push([...way.slice(way.indexOf(path)), path]);
      return;
    }
    state.set(path, 'open');
    for (const next of edges.get(path) ?? []) walk(next, [...way, path]);
    state.set(path, 'closed');
  };
  for (const path of [...files.keys()].toSorted()) walk(path, []);
  return found;
}
