import { z } from 'zod';

export const SignUpParams = z.strictObject({ signUpId: z.uuid().toLowerCase() });
