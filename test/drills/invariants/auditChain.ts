import { anchorHeads } from '#domain/audit/anchoring.ts';
import { openAnchors } from '#domain/audit/anchors/openAnchors.ts';
import { sealAll } from '#domain/audit/sealing.ts';
import { verifyRegistry } from '#domain/audit/verifying/verifyRegistry.ts';
import type { Breach } from '../drill.ts';
import type { Ground } from '../ground.ts';

/** I6: every event is in its chain, whatever was killed meanwhile, and the chains fit to their heads and to the anchors outside. */
export async function auditIsBroken(ground: Ground): Promise<Breach[]> {
  const { registry, installation, configuration } = ground.installation.platform;
  const place = openAnchors(configuration.audit.anchor);
  await sealAll(() => registry.em.fork(), installation);
  while ((await anchorHeads(registry.em.fork(), installation, place)) === null);
  const { findings, entries } = await verifyRegistry(registry, installation, place);
  const [events] = await ground.ask<{ count: number }>(
    'select count(*)::int as count from events where created_at < now()',
  );
  return [
    ...findings.map(({ kind, chain, text }) => ({
      rule: 'I6',
      what: `the audit of ${chain ?? 'all'} is ${kind}: ${text}`,
    })),
    ...(entries < (events?.count ?? 0) - (await unsealed(ground))
      ? [{ rule: 'I6', what: `${entries} of ${events?.count} events are in the audit` }]
      : []),
  ];
}

/** What a worker that still runs has told since. */
async function unsealed(ground: Ground): Promise<number> {
  const [open] = await ground.ask<{ count: number }>(
    'select count(*)::int as count from events where sequence is null',
  );
  return open?.count ?? 0;
}
