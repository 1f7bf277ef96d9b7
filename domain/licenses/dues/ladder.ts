/** Why a reminder was passed over. */
export type PassedOver = 'ended' | 'newer_reminder' | 'suspended' | 'tenant_leaving';

export interface Rung {
  /** Days after the end, or before it where it is negative. */
  days: number;
}

/**
 * Which of the reminders that are due goes out: the newest, once, however many days nobody was there to send. What came before it has
 * been overtaken; what was to be said before the end is not said after it. While nobody is to be reminded all pass.
 *
 * @param rungs all of one end, in the order in which they fell due
 * @param whyNobody why nobody is reminded of this licence at this time; null: somebody is
 */
export function climb<One extends Rung>(
  rungs: readonly One[],
  { hasEnded, whyNobody }: { hasEnded: boolean; whyNobody: PassedOver | null },
): { sent: One | null; passed: { rung: One; why: PassedOver }[] } {
  if (whyNobody !== null) return { sent: null, passed: rungs.map((rung) => ({ rung, why: whyNobody })) };
  const sent = rungs.findLast(({ days }) => !hasEnded || days > 0) ?? null;
  return {
    sent,
    passed: rungs
      .filter((rung) => rung !== sent)
      .map((rung) => ({ rung, why: hasEnded && rung.days <= 0 ? 'ended' : 'newer_reminder' })),
  };
}
