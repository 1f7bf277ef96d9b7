import { z } from 'zod';

export const ArrivalParams = z.strictObject({ arrivalId: z.uuid().toLowerCase() });
