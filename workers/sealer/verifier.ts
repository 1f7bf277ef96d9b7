import type { AnchorPlace } from '#domain/audit/anchors/anchorPlace.ts';
import { keepVerification, takeVerification } from '#domain/audit/reading/verifications.ts';
import { verifyRegistry } from '#domain/audit/verifying/verifyRegistry.ts';
import type { Platform } from '#domain/platform.ts';
import type { Logger } from '#observability/logging.ts';
import { reportVerification } from '#observability/auditMetrics.ts';

const everyMs = 2_000;

/** Verifies all chains as often as configured, and when somebody asks. Every worker looks; one of them carries it out. */
export function startVerifier(
  { platform, logger }: { platform: Platform; logger: Logger },
  place: AnchorPlace,
): { stop(): Promise<void> } {
  const { registry, installation, configuration } = platform;
  const stopping = new AbortController();
  let wake: (() => void) | null = null;

  const look = async () => {
    const id = await takeVerification(registry.em.fork(), configuration.audit.verifyHours);
    if (id === null) return;
    try {
      const verified = await verifyRegistry(registry, installation, place, stopping.signal);
      await keepVerification(registry.em.fork(), id, verified);
      reportVerification(verified.findings.length === 0);
      if (verified.findings.length > 0)
        logger.error({ findings: verified.findings.slice(0, 20) }, 'the audit was tampered with');
    } catch (error) {
      if (stopping.signal.aborted) return; // the next worker finds it undone
      await keepVerification(registry.em.fork(), id, null, (error as Error).message);
      throw error;
    }
  };

  const loop = async () => {
    while (!stopping.signal.aborted) {
      await look().catch((error: unknown) => logger.warn({ err: error }, 'the audit could not be verified'));
      if (stopping.signal.aborted) return;
      await new Promise<void>((resume) => {
        wake = resume;
        setTimeout(resume, everyMs).unref();
      });
    }
  };
  const running = loop();
  return {
    async stop() {
      stopping.abort();
      wake?.();
      await running;
    },
  };
}
