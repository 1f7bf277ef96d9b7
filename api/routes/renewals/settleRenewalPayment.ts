import { PaymentSettlement } from '#contracts/licenses/billing.ts';
import { Renewal } from '#contracts/licenses/renewals.ts';
import { settlePayment } from '#domain/licenses/renewing/settlePayment.ts';
import { viewRenewal } from '#domain/licenses/renewing/viewRenewals.ts';
import { defineRoute, RenewalParams } from '../../route.ts';

/** Of payments that come by transfer or on invoice; the others are settled by their service. */
export const settleRenewalPayment = defineRoute({
  method: 'post',
  path: '/api/v1/license-renewals/{renewalId}/payment',
  summary: 'Mark the payment of a renewal as paid, or as declined',
  permission: 'billing:manage',
  scope: 'renewal',
  params: RenewalParams,
  body: PaymentSettlement,
  idempotent: true,
  success: { status: 202, body: Renewal },
  errors: ['not_found', 'renewal_over', 'payment_not_by_hand', 'payment_settled'],
  async handle({ params: { renewalId }, body, actor }, { once, workflows }) {
    const { workflowId, renewal } = await once(async (em) => {
      const { workflowId } = await settlePayment(em, renewalId, body, actor);
      return { workflowId, renewal: await viewRenewal(em, renewalId) };
    });
    await workflows.wake(workflowId);
    return renewal;
  },
});
