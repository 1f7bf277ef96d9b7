import { z } from 'zod';

export interface TimeOfDay {
  hour: number;
  minute: number;
}

/** `02:17`, in UTC, or `never`. */
export const timeOfDay = z
  .string()
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$|^never$/, 'must be a time of day in UTC like 02:17, or never')
  .transform((text): TimeOfDay | null => {
    const [hour, minute] = text.split(':').map(Number);
    return text === 'never' ? null : { hour: hour ?? 0, minute: minute ?? 0 };
  });
