import type { DomainFinding, OnboardingItem } from '#contracts/onboarding/items.ts';

/** What is to be done, as a list says it; why, for who does it; and how the platform calls it, who waits for it. */
export const itemWords: Record<OnboardingItem, { title: string; why: string; short: string }> = {
  admin_accepted: {
    title: 'Accept the invitation',
    why: 'The administrator of your organisation opens the link of the mail and chooses a password.',
    short: 'Invitation',
  },
  second_factor: {
    title: 'Protect your account with a second factor',
    why: 'A stolen password alone must not be enough to sign in as an administrator.',
    short: 'Second factor',
  },
  mail_domain: {
    title: 'Prove that your mail domain is yours',
    why: 'A record in your DNS shows that nobody else speaks for your organisation.',
    short: 'Mail domain',
  },
  billing_contact: {
    title: 'Name a contact for billing',
    why: 'Invoices, and questions about them, go there.',
    short: 'Billing contact',
  },
  first_members: {
    title: 'Invite your first people',
    why: 'They get a link by mail, and choose a password of their own.',
    short: 'First members',
  },
  sample_data: {
    title: 'Load sample data',
    why: 'Something to look around in before your own is there. You can do without.',
    short: 'Sample data',
  },
};

/** What was found where the record of a mail domain was looked for, and whose turn it is. */
export const findingWords: Record<DomainFinding, string> = {
  verified: 'The record is there.',
  no_record: 'The record is not there yet. DNS can take an hour to show it everywhere.',
  other_record: 'There is a record of this name, but with another value. Compare it letter by letter.',
  differs: 'The name servers of this domain say different things. Wait until all have the new record.',
  no_answer: 'The name servers of this domain did not answer. That need not be your fault: try again.',
  taken: 'Another organisation has proven this domain already. Ask whom you have your contract with.',
};
