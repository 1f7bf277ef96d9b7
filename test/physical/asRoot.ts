import { execFileSync } from 'node:child_process';

/** By root itself, or by whoever may become it, as on the hosted CI; where nobody may, this fails and says so. */
export const asRoot = (...command: string[]): void => {
  const [file = '', ...args] = process.getuid?.() === 0 ? command : ['sudo', '-n', ...command];
  execFileSync(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
};
