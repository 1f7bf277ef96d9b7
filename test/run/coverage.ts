import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const asked = 80;

/** Lines of everything but workflows: those run inside a bundle, which this measure does not see through. */
export const checkCoverage = (root: string, rawDir: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const c8 = join(dirname(createRequire(import.meta.url).resolve('c8/package.json')), 'bin', 'c8.js');
    const rooms = [
      'contracts',
      'domain',
      'packages',
      'providers',
      'activities',
      'workers',
      'api',
      'migrations',
      'observability',
      'temporal',
      'local',
    ];
    const flags = [
      'report',
      ...['--temp-directory', rawDir],
      ...['--reporter', 'text-summary', '--reporter', 'text', '--reporter', 'lcov'],
      ...['--reports-dir', join(root, 'coverage')],
      ...rooms.flatMap((room) => ['--include', `${room}/**/*.ts`]),
      ...['--exclude', '**/*.test.ts'],
      '--all',
      ...['--check-coverage', '--lines', String(asked)],
    ];
    const child = spawn(process.execPath, [c8, ...flags], { cwd: root, stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code === 0));
  });
