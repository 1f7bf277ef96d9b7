import { z } from 'zod';

const minutes = z.coerce.number().int().min(5).max(1440);

export const supportVariables = {
  TENANTRY_SUPPORT_CONSENT_MINUTES: minutes.default(240),
  TENANTRY_SUPPORT_BREAK_GLASS_MINUTES: minutes.default(60),
};

/** How long somebody may act for a tenant at most, in minutes: by its consent, and by breaking the glass. */
export interface SupportLimits {
  consentMinutes: number;
  breakGlassMinutes: number;
}

export const supportLimitsOf = (e: Record<keyof typeof supportVariables, number>): SupportLimits => ({
  consentMinutes: e.TENANTRY_SUPPORT_CONSENT_MINUTES,
  breakGlassMinutes: e.TENANTRY_SUPPORT_BREAK_GLASS_MINUTES,
});
