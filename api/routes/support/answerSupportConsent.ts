import { Consent, ConsentAnswer } from '#contracts/support/supportAccess.ts';
import { announceAccess } from '#domain/access/epoch.ts';
import { answerConsent, viewConsent } from '#domain/support/answerConsent.ts';
import { countSupportAccess } from '#observability/metrics.ts';
import { defineRoute } from '../../route.ts';

export const answerSupportConsent = defineRoute({
  method: 'post',
  path: '/api/v1/support-consents/answers',
  summary: 'Let somebody of the platform in, refuse it, or end it, by the link of the mail',
  permission: 'public',
  rate: { perSecond: 5, burst: 60 },
  body: ConsentAnswer,
  success: { status: 200, body: Consent },
  errors: ['support_link_invalid', 'support_over', 'too_many_requests'],
  async handle({ body, actor }, { em, platform, access }) {
    const epoch = await em.transactional((tx) => answerConsent(tx, platform, body, actor));
    if (epoch !== null) {
      access.refresh(epoch);
      announceAccess(platform.announcer, epoch);
    }
    const consent = await viewConsent(em, platform, body.token);
    countSupportAccess(
      consent.kind,
      { allow: 'allowed', refuse: 'refused', revoke: 'revoked' }[body.answer] as 'allowed',
    );
    return consent;
  },
});
