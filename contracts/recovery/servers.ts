import { z } from 'zod';

/** What a server is called in the file of servers, in runbooks and in pages; also the name of its slot, with a prefix. */
export const ServerName = z
  .string()
  .max(40)
  .regex(/^[a-z][a-z0-9_-]*$/, 'must be lower-case letters, digits, dashes and underscores, beginning with a letter');
