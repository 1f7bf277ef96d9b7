/** For products that answer HTTP by Express, or anything with the same middleware. */
import type { Verdict } from './states/verdict.ts';
import type { Asked } from './verifier/options.ts';

/** What is used of a request's answer: Express 4 and 5 have it, and no more of them is needed. */
export interface LicensedResponse {
  locals: Record<string, unknown>;
  status(code: number): LicensedResponse;
  type(type: string): LicensedResponse;
  json(body: unknown): unknown;
}

export interface LicenseRequirement<Request> {
  verifier: { verifyAsync(text: string, asked?: Asked): Promise<Verdict> };
  /** The text of the licence file that counts for this request; null when there is none. */
  read(request: Request): string | null | Promise<string | null>;
  /** What the question is asked with: the tenant of the request, how many seats are taken. */
  asked?: (request: Request) => Asked | Promise<Asked>;
  /** An entitlement that the licence has to grant: a flag that is true, or a number or a meter that is not zero. */
  feature?: string;
}

/**
 * Lets a request through when its licence lets the product run, with the verdict in `res.locals.license`; when the policy says `degrade`,
 * too: look at its `action`. Otherwise answers 403 as RFC 9457 with a code: `license_missing`, `license_<state>`, `feature_not_licensed`.
 */
export const requireLicense =
  <Request>({ verifier, read, asked, feature }: LicenseRequirement<Request>) =>
  async (request: Request, response: LicensedResponse, next: (error?: unknown) => void): Promise<void> => {
    try {
      const text = await read(request);
      if (text === null) return refuse(response, 'license_missing', 'There is no licence.');
      const verdict = await verifier.verifyAsync(text, await asked?.(request));
      if (verdict.action === 'block') return refuse(response, `license_${verdict.state}`, verdict.reason);
      if (feature !== undefined && !grants(verdict, feature))
        return refuse(response, 'feature_not_licensed', `The licence does not include ${feature}.`);
      response.locals['license'] = verdict;
    } catch (error) {
      return next(error);
    }
    next();
  };

/** Whether a licence gives any of an entitlement. Names that every object has are no entitlements. */
export function grants({ license }: Verdict, feature: string): boolean {
  if (!license || !Object.hasOwn(license.entitlements, feature)) return false;
  const granted = license.entitlements[feature]!;
  if ('flag' in granted) return granted.flag;
  if ('number' in granted) return granted.number > 0;
  return granted.meter.limit === null || granted.meter.limit > 0;
}

function refuse(response: LicensedResponse, code: string, detail: string): void {
  response.status(403).type('application/problem+json').json({ title: 'Not licensed', status: 403, code, detail });
}
