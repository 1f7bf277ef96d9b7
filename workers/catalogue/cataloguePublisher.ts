import { DomainError } from '#contracts/errors.ts';
import { publishCatalogue, readCatalogue } from '#domain/fleet/catalogue.ts';
import { countBehind, noteVersions, schemasOfUnknownVersion } from '#domain/fleet/versions.ts';
import type { Platform } from '#domain/platform.ts';
import { reportFleet } from '#observability/fleet/fleetMetrics.ts';
import type { Logger } from '#observability/logging.ts';
import { catalogueOf, type TenantFleet } from '#providers/database/tenantFleet.ts';

const everyMs = 2_000;
const looksAtOnce = 200;

export interface Published {
  platform: Platform;
  fleet: TenantFleet;
  logger: Logger;
}

/**
 * Tells the registry which tenant migrations this worker's folder holds, when that changes, and where tenants stand of whom nobody
 * has told: pages, plans and the doctor read it there, because only workers have the folder and the way to the schemas.
 */
export function startCataloguePublisher(published: Published): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const state: { told: string | null } = { told: null };
  const loop = async () => {
    while (!stopping.signal.aborted) {
      try {
        await publishOnce(published, state);
      } catch (error) {
        published.logger.warn({ err: error }, 'the tenant migrations could not be told; they will be');
      }
      if (stopping.signal.aborted) return;
      await new Promise<void>((resume) => {
        const timer = setTimeout(resume, everyMs);
        timer.unref();
        stopping.signal.addEventListener('abort', () => (clearTimeout(timer), resume()), { once: true });
      });
    }
  };
  const running = loop();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** Once; what was told already is not told again by this worker, so that two releases side by side do not contradict each other. */
export async function publishOnce(
  { platform, fleet }: Omit<Published, 'logger'>,
  state: { told: string | null } = { told: null },
): Promise<void> {
  const em = platform.registry.em.fork();
  const found = await readFolder(fleet);
  const telling = 'problem' in found ? found.problem : found.digest;
  if (telling !== state.told) await publishCatalogue(em, found);
  state.told = telling;
  const unknown = await schemasOfUnknownVersion(em, looksAtOnce);
  if (unknown.length > 0) await noteVersions(em, await fleet.look(unknown));
  const { migrations } = await readCatalogue(em);
  reportFleet(await countBehind(em, migrations.length));
}

async function readFolder(fleet: TenantFleet): Promise<Parameters<typeof publishCatalogue>[1]> {
  try {
    return catalogueOf(await fleet.read());
  } catch (error) {
    if (error instanceof DomainError) return { problem: error.publicMessage };
    const { code, message } = error as NodeJS.ErrnoException;
    return { problem: `The folder of tenant migrations cannot be read (${code ?? message}).` };
  }
}
