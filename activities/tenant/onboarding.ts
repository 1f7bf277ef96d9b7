import { DomainError } from '#contracts/errors.ts';
import type { DomainFinding } from '#contracts/onboarding/items.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { cancelOnboarding, finishOnboarding } from '#domain/onboarding/endOnboarding.ts';
import { lookOnboarding, type NextDeed } from '#domain/onboarding/lookOnboarding.ts';
import { findChallenge, recordFinding, type Challenge } from '#domain/onboarding/mailDomains.ts';
import { escalate, remind } from '#domain/onboarding/remind.ts';
import { recordSample } from '#domain/onboarding/tenantsPart.ts';
import { countDomainCheck, countOnboarding, countReminder } from '#observability/onboardingMetrics.ts';
import type { TxtAnswer } from '#providers/dns/txtResolver.ts';
import type { Deps } from '../deps.ts';
import { specsOf } from './resources.ts';

/** `onboarding.look`: a short transaction in the registry, beside its workflow. */
export const onboardingLook = ({ ledger }: Pick<Deps, 'ledger'>) => ({
  'onboarding.look': (ref: RunRef, nowMs: number): Promise<NextDeed> => lookOnboarding(ledger, ref, nowMs),
});

/** `onboarding.*`: what the system does for a tenant's beginning. Each may run twice; times are the workflow's. */
export const onboardingActivities = (deps: Deps) => ({
  async 'onboarding.verifyMailDomain'({ tenantId }: RunRef, nowMs: number): Promise<void> {
    const challenge = await findChallenge(deps.registry.em.fork(), tenantId);
    if (!challenge) return;
    const found = findingOf(await deps.txt.txt(challenge.name), challenge);
    const finding = await deps.registry.em
      .fork()
      .transactional((em) => recordFinding(em, tenantId, { challenge, found, nowMs }));
    if (finding) countDomainCheck(finding);
  },

  /** What does not fit the tenant's tables is told as unavailable: nobody waits for it for ever. */
  async 'onboarding.loadSampleData'(ref: RunRef): Promise<void> {
    let loaded = false;
    try {
      for (const spec of await specsOf(deps, ref))
        if (spec.access === 'open') loaded = (await deps.providers[spec.provider]?.loadSample?.(spec)) || loaded;
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
    }
    await deps.registry.em
      .fork()
      .transactional((em) => recordSample(em, ref.tenantId, loaded ? 'loaded' : 'unavailable', theSystem));
  },

  async 'onboarding.remind'(ref: RunRef, rung: number, nowMs: number): Promise<void> {
    if (await remind(deps.ledger, deps, ref, rung, nowMs)) countReminder('ladder');
  },

  async 'onboarding.escalate'(ref: RunRef, nowMs: number): Promise<void> {
    await escalate(deps.ledger, ref, nowMs);
    countOnboarding('escalated');
  },

  /** Returns whether it is over; something may have been opened again meanwhile. */
  async 'onboarding.finish'(ref: RunRef): Promise<boolean> {
    const isOver = await finishOnboarding(deps.ledger, ref);
    if (isOver) countOnboarding('finished');
    return isOver;
  },

  async 'onboarding.cancel'(ref: RunRef): Promise<void> {
    await cancelOnboarding(deps.ledger, ref);
    countOnboarding('cancelled');
  },
});

/** A record of another installation, or of a domain that was named before, is nobody's proof. */
function findingOf(answer: TxtAnswer, { value }: Challenge): DomainFinding {
  switch (answer.state) {
    case 'none':
      return 'no_record';
    case 'differs':
      return 'differs';
    case 'no_answer':
      return 'no_answer';
    case 'found':
      return answer.records.includes(value) ? 'verified' : 'other_record';
  }
}
