import { DomainError } from '#contracts/errors.ts';
import { checkCertificate } from '#contracts/runbooks/actions/certificates.ts';
import { NoAnswer } from '#providers/http/guardedFetch.ts';
import { certificateOf, type ShownCertificate } from '#providers/http/certificateOf.ts';
import type { Deps } from '../deps.ts';
import { implement, type AnyAction } from './action.ts';

const dayMs = 86_400_000;

export const certificateActions = ({ configuration }: Pick<Deps, 'configuration'>): AnyAction[] => [
  implement(checkCertificate, {
    async act({ host, port, validDays, otherThan, trusted }, { signal, now }) {
      const shown = await look({ host, port, signal }, configuration.stepsToPrivateNetworks);
      const daysLeft = Math.floor((Date.parse(shown.validUntil) - now) / dayMs);
      if (trusted && shown.distrust !== null) throw failed(`It is not believed (${shown.distrust}).`);
      if (Date.parse(shown.validFrom) > now) throw failed(`It is valid from ${shown.validFrom} on.`);
      if (daysLeft < validDays) throw failed(`It is valid for ${daysLeft} days; ${validDays} are wanted.`);
      if (shown.fingerprint === otherThan) throw failed('The same certificate as before is shown still.');
      return { fingerprint: shown.fingerprint, validUntil: shown.validUntil, daysLeft };
    },
  }),
];

async function look(
  asked: { host: string; port: number; signal: AbortSignal },
  toPrivateNetworks: boolean,
): Promise<ShownCertificate> {
  try {
    return await certificateOf(asked, { toPrivateNetworks });
  } catch (error) {
    if (error instanceof NoAnswer) throw failed(`${error.host}: ${error.why.replaceAll('_', ' ')}.`);
    throw error;
  }
}

const failed = (text: string): DomainError => new DomainError('check_failed', text);
