import type { PaymentState, QuoteLine, Renewal, RenewalKind, RenewalPhase } from '#contracts/licenses/renewals.ts';
import type { Word } from '#lib/display/words.ts';

export const renewalPhaseWords: Record<RenewalPhase, Word> = {
  quoting: { title: 'Being quoted', tone: 'busy' },
  waiting_approval: { title: 'Waits for approval', tone: 'warn' },
  signing: { title: 'Being signed', tone: 'busy' },
  waiting_payment: { title: 'Waits for the payment', tone: 'warn' },
  paying: { title: 'Being paid', tone: 'busy' },
  delivering: { title: 'Being delivered', tone: 'busy' },
  taking_back: { title: 'Being taken back', tone: 'warn' },
  done: { title: 'Done', tone: 'good' },
  taken_back: { title: 'Taken back', tone: 'quiet' },
};

export const renewalKindTitles: Record<RenewalKind, string> = {
  renewal: 'One more term',
  co_term: 'A common end',
  upgrade: 'Another policy from now on',
};

/** What a line of a quote is for. */
export function lineText({ what, policy, terms, days, ofDays }: QuoteLine): string {
  const of = `${policy.name} v${policy.version}`;
  if (what === 'term') return `${terms === 1 ? 'One term' : `${terms} terms`} of ${of}`;
  const part = days !== null && ofDays !== null ? `${days} of ${ofDays} days of ${of}` : of;
  return what === 'credit' ? `Credit: ${part}` : `Part: ${part}`;
}

const paymentWords: Record<PaymentState, string> = {
  asked: 'the money is asked for',
  authorised: 'the money is held for us',
  capturing: 'the money is being taken',
  captured: 'the money has come',
  voided: 'nothing was taken',
  declined: 'the money does not come',
};

/** How it is paid for, and where that stands. */
export const paymentText = ({ payment }: Pick<Renewal, 'payment'>): string =>
  payment === null
    ? 'Nothing is charged yet'
    : `Paid ${payment.provider === 'stripe' ? 'by Stripe' : 'by hand'}: ${paymentWords[payment.state]}`;
