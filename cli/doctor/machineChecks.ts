import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { ConfigurationError, readConfiguration, type Configuration } from '#domain/configuration.ts';
import { portIsFree } from '#local/ports.ts';
import { fine, look, worthALook, wrong, type Diagnosis } from './check.ts';

const leastBytes = 1 << 30;

/** The settings, and what is wrong with them; values are never repeated. */
export function checkConfiguration(env: NodeJS.ProcessEnv): { configuration: Configuration | null; said: Diagnosis } {
  try {
    return { configuration: readConfiguration(env), said: fine('configuration', 'is complete') };
  } catch (error) {
    const text =
      error instanceof ConfigurationError ? error.message.split('\n').slice(1).join(' ').trim() : 'cannot be read';
    return { configuration: null, said: wrong('configuration', text, 'Every variable is described in .env.example.') };
  }
}

export function checkNode(): Diagnosis {
  const major = Number(process.versions.node.split('.')[0]);
  return major >= 24
    ? fine('Node', process.version)
    : wrong('Node', `${process.version} runs`, 'Use `npm run tenantry`, which brings Node 24.');
}

export const checkFolder = ({ dataDir }: Configuration): Promise<Diagnosis[]> =>
  look('data folder', async () => {
    await access(dataDir, constants.R_OK | constants.W_OK);
    const { bavail, bsize, blocks } = await statfs(dataDir);
    const free = bavail * bsize;
    const text = `${Math.round(free / 2 ** 20).toLocaleString('en')} MB are free (${Math.round((bavail / blocks) * 100)} %)`;
    return free < leastBytes
      ? wrong('disk', text, 'Make room: PostgreSQL stops when the disk is full.')
      : fine('disk', text);
  });

/** Whether this very API answers where it should, or somebody else does. */
export const checkApi = ({ host, port }: Configuration): Promise<Diagnosis[]> =>
  look('API', async () => {
    const answer = await fetch(`http://${host}:${port}/health/ready`, { signal: AbortSignal.timeout(3_000) }).catch(
      () => null,
    );
    const text = answer ? await answer.text() : '';
    if (answer && text.includes('"ready"'))
      return answer.ok
        ? fine('API', `is ready on port ${port}`)
        : wrong('API', 'runs, and is not ready', 'See /health/ready.');
    if (answer || !(await portIsFree(port, host)))
      return wrong('API', `another program holds port ${port}`, 'Stop it, or choose another by TENANTRY_PORT.');
    return worthALook('API', 'does not run here', 'Fine where it runs on another host, or Tenantry is stopped.');
  });
