import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import type { RolePasswords } from '#migrations/setUp.ts';

const placeOf = (dataDir: string): string => join(dataDir, 'secrets');
const environmentFile = (dataDir: string): string => join(placeOf(dataDir), 'environment');
export const masterKeyFile = (dataDir: string): string => join(placeOf(dataDir), 'master.key');

/** Reads a secret, or makes it when there is none; never written twice, so that two starts agree on one. */
async function keepSecret(
  dataDir: string,
  name: string,
  make: () => string,
): Promise<{ text: string; isNew: boolean }> {
  await mkdir(placeOf(dataDir), { recursive: true, mode: 0o700 });
  const file = join(placeOf(dataDir), name);
  const found = await readFile(file, 'utf8').catch(() => '');
  if (found) return { text: found, isNew: false };
  const passing = `${file}.${process.pid}`;
  const handle = await open(passing, 'w', 0o600);
  await handle.writeFile(make());
  await handle.sync(); // a key that is lost in a power cut takes everything sealed with it along
  await handle.close();
  await rename(passing, file);
  return { text: await readFile(file, 'utf8'), isNew: true };
}

/** 32 random bytes under which every other secret rests. Says whether it was made just now. */
export async function keepMasterKey(dataDir: string): Promise<{ isNew: boolean }> {
  const { isNew } = await keepSecret(dataDir, 'master.key', () => `${randomBytes(32).toString('base64')}\n`);
  return { isNew };
}

/** The passwords of the separated PostgreSQL roles. */
export async function keepRolePasswords(dataDir: string): Promise<RolePasswords> {
  const make = (): string => randomBytes(24).toString('base64url');
  const { text } = await keepSecret(dataDir, 'database-passwords.json', () =>
    JSON.stringify({ migrator: make(), app: make(), provisioner: make(), reader: make() } satisfies RolePasswords),
  );
  return JSON.parse(text) as RolePasswords;
}

/** What the running control plane was configured with: for the demo, and for an API or worker started beside it. */
export async function writeEnvironment(dataDir: string, environment: Record<string, string>): Promise<void> {
  await mkdir(placeOf(dataDir), { recursive: true, mode: 0o700 });
  const lines = Object.entries(environment).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const passing = `${environmentFile(dataDir)}.${process.pid}`;
  await writeFile(passing, `${lines.join('\n')}\n`, { mode: 0o600 });
  await rename(passing, environmentFile(dataDir));
}

export const readEnvironment = async (dataDir: string): Promise<NodeJS.Dict<string>> =>
  parseEnv(await readFile(environmentFile(dataDir), 'utf8'));
