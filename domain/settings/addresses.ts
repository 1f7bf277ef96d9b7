import { z } from 'zod';

/** What becomes of an address that its tenant has left. */
export interface AddressTimes {
  /** For how long it leads to the new one, unless the rename says otherwise. */
  redirectDays: number;
  /** For how long after that nobody else gets it: bookmarks and mails must not lead to strangers. */
  holdDays: number;
}

export const addressVariables = {
  TENANTRY_REDIRECT_DAYS: z.coerce.number().int().min(0).max(3_650).default(30),
};

/** They are held as long as the addresses of tenants that are gone. */
export const addressTimesOf = (env: {
  TENANTRY_REDIRECT_DAYS: number;
  TENANTRY_ADDRESS_HOLD_DAYS: number;
}): AddressTimes => ({
  redirectDays: env.TENANTRY_REDIRECT_DAYS,
  holdDays: env.TENANTRY_ADDRESS_HOLD_DAYS,
});
