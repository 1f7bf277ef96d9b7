import { z } from 'zod';

const label = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;

/**
 * A domain as DNS has it (RFC 1035, RFC 5891): lower-case ASCII labels, at least two, the last one no number. Other scripts are
 * written as DNS writes them; what is no name at all is refused by the schema.
 *
 * @returns null when it is none
 */
export function domainOf(text: string): string | null {
  const bare = text.trim().replace(/\.$/, '');
  if (bare === '' || /[\s/\\:@?#%[\]\p{Cc}]/u.test(bare)) return null;
  const name = URL.parse(`http://${bare}`)?.hostname ?? '';
  const labels = name.split('.');
  const isName = labels.length >= 2 && labels.every((one) => label.test(one)) && !/^\d+$/.test(labels.at(-1) ?? '');
  return isName && name.length <= 253 - challengePrefix.length ? name : null;
}

const challengePrefix = '_tenantry-challenge.';

/** Below the domain, so that nothing that is published there is touched. */
export const challengeNameOf = (domain: string): string => `${challengePrefix}${domain}`;
export const challengeValueOf = (token: string): string => `tenantry-domain-verification=${token}`;

export const MailDomainName = z
  .string()
  .min(1)
  .max(253)
  .describe('A domain, as in mail addresses after the @')
  .transform((text, context) => {
    const domain = domainOf(text);
    if (domain !== null) return domain;
    context.addIssue({ code: 'custom', message: 'must be a domain like example.org' });
    return z.NEVER;
  });
