import { z } from 'zod';

/** So many requests in so many seconds: as many at once, and no more than that over time. */
export interface Quota {
  requests: number;
  seconds: number;
}

/** Whose requests are counted together. */
export const limited = ['address', 'user', 'key', 'tenant'] as const;
export type Limited = (typeof limited)[number];
export type Quotas = Record<Limited, Quota>;

const quota = z
  .string()
  .regex(/^[1-9]\d{0,6}\/[1-9]\d{0,4}$/, 'must be requests/seconds like 6000/60')
  .transform((text): Quota => {
    const [requests = 0, seconds = 0] = text.split('/').map(Number);
    return { requests, seconds };
  });

/** What no person at pages meets, nor a program that waits for its answers. */
export const quotaVariables = {
  TENANTRY_RATE_ADDRESS: quota.prefault('12000/60'),
  TENANTRY_RATE_USER: quota.prefault('6000/60'),
  TENANTRY_RATE_KEY: quota.prefault('6000/60'),
  TENANTRY_RATE_TENANT: quota.prefault('12000/60'),
};

export const quotasOf = (env: Record<keyof typeof quotaVariables, Quota>): Quotas => ({
  address: env.TENANTRY_RATE_ADDRESS,
  user: env.TENANTRY_RATE_USER,
  key: env.TENANTRY_RATE_KEY,
  tenant: env.TENANTRY_RATE_TENANT,
});
