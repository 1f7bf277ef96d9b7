/** What a tenant's beginning is made of; pure, so that workflows may import it. */
export const onboardingItems = [
  'admin_accepted',
  'second_factor',
  'mail_domain',
  'billing_contact',
  'first_members',
  'sample_data',
] as const;
export type OnboardingItem = (typeof onboardingItems)[number];

export const onboardingItemTitles: Record<OnboardingItem, string> = {
  admin_accepted: 'The administrator accepts the invitation',
  second_factor: 'A second factor is on',
  mail_domain: 'The mail domain is verified',
  billing_contact: 'A billing contact is named',
  first_members: 'The first members are invited',
  sample_data: 'Sample data is loaded',
};

/** What nobody can prove for somebody else: whoever is asked says that it is done. */
export const completedByHand: readonly OnboardingItem[] = ['first_members'];

/** Without them nobody is there who could go on: they can be skipped by the platform only. */
export const skippedByPlatformOnly: readonly OnboardingItem[] = ['admin_accepted', 'second_factor'];

export const onboardingStates = ['open', 'finished', 'cancelled'] as const;
export type OnboardingState = (typeof onboardingStates)[number];

export const itemStates = ['open', 'done', 'skipped'] as const;
export type ItemState = (typeof itemStates)[number];

/** What came of looking for the record of a mail domain. */
export const domainFindings = ['verified', 'no_record', 'other_record', 'differs', 'no_answer', 'taken'] as const;
export type DomainFinding = (typeof domainFindings)[number];
