import { anchorHeads } from '#domain/audit/anchoring.ts';
import { openAnchors } from '#domain/audit/anchors/openAnchors.ts';
import { batchSize, sealRound } from '#domain/audit/sealing.ts';
import { trimAudit } from '#domain/audit/trimAudit.ts';
import { rows } from '#domain/sql.ts';
import type { Platform } from '#domain/platform.ts';
import type { Logger } from '#observability/logging.ts';
import { countSealed, reportSealingLag } from '#observability/auditMetrics.ts';

import { startVerifier } from './verifier.ts';

const everyMs = 1_000;
const trimEveryMs = 3_600_000;
const dayMs = 86_400_000;

/**
 * Seals what happened into the chains of the audit, and anchors their heads outside the database. Every worker runs one; one of them
 * works at a time, and what a killed one left undone the next one finds undone.
 */
export function startSealer({ platform, logger }: { platform: Platform; logger: Logger }): { stop(): Promise<void> } {
  const { registry, installation, configuration } = platform;
  const place = openAnchors(configuration.audit.anchor);
  const anchorMs = configuration.audit.anchorSeconds * 1_000;
  let anchoredAt = 0;
  let trimmedAt = 0;
  let stopped = false;
  let wake: (() => void) | null = null;

  const look = async (): Promise<boolean> => {
    const lag = await sealingLag(platform);
    reportSealingLag({ sealing: lag.sealing ?? 0, anchoring: lag.anchoring ?? 0 });
    const sealed = lag.sealing === null ? null : await sealRound(registry.em.fork(), installation);
    if (sealed) countSealed(sealed.entries);
    const isDue = stopped || Date.now() - anchoredAt >= anchorMs;
    if (isDue && (sealed?.entries || lag.anchoring !== null)) {
      const anchored = await anchorHeads(registry.em.fork(), installation, place);
      if (anchored !== null) anchoredAt = Date.now();
    }
    if (configuration.audit.keepDays !== null && Date.now() - trimmedAt >= trimEveryMs) {
      trimmedAt = Date.now();
      const before = new Date(trimmedAt - configuration.audit.keepDays * dayMs);
      await trimAudit(() => registry.em.fork(), installation, before);
    }
    return sealed?.entries === batchSize;
  };

  const loop = async () => {
    for (;;) {
      let isBehind = false;
      try {
        isBehind = await look();
      } catch (error) {
        logger.warn({ err: error }, 'the audit could not be sealed and anchored; it will be tried again');
      }
      if (stopped) return;
      if (isBehind) continue;
      await new Promise<void>((resume) => {
        wake = resume;
        setTimeout(resume, everyMs).unref();
      });
    }
  };
  const running = loop();
  const verifier = startVerifier({ platform, logger }, place);
  return {
    async stop() {
      await verifier.stop();
      stopped = true;
      wake?.();
      await running;
    },
  };
}

/** Seconds that the oldest event has waited for its place in a chain, and the oldest head for its anchor; null when none does. */
async function sealingLag({ registry }: Platform): Promise<{ sealing: number | null; anchoring: number | null }> {
  const [lag] = await rows<{ sealing: string | null; anchoring: string | null }>(registry.em.fork())`
    select (select extract(epoch from now() - created_at) from events where sequence is null order by id limit 1) as sealing,
           (select extract(epoch from now() - min(sealed_at)) from audit_heads where anchored_at is null) as anchoring`;
  const secondsOf = (text: string | null | undefined) => (text ? Number(text) : null);
  return { sealing: secondsOf(lag?.sealing), anchoring: secondsOf(lag?.anchoring) };
}
