import { resolve } from 'node:path';

/** A file as whoever typed the command means it: npm changes the folder. */
export const callersPath = (path: string): string => resolve(process.env['INIT_CWD'] ?? process.cwd(), path);
