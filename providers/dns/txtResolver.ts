import { Resolver } from 'node:dns/promises';

/** What the name servers said of a name: its TXT records, that there are none, that they disagree, or nothing at all. */
export type TxtAnswer =
  { state: 'found'; records: string[] } | { state: 'none' } | { state: 'differs' } | { state: 'no_answer' };

/** Asks the DNS. Never throws: what comes from the net is an answer, however wrong. */
export interface TxtResolver {
  txt(name: string): Promise<TxtAnswer>;
}

/** What a name server may say that means that there is no such record; everything else is no answer. */
const noRecord = new Set(['ENOTFOUND', 'ENODATA']);
/** A name with more, or longer, records than this is not meant for us. */
const mostRecords = 100;
const longestRecord = 1_000;

/**
 * Asks each name server by itself, all at once, and believes what all that answer in time agree on: a single one that lies can
 * hold somebody up, and cannot prove a domain for somebody who does not have it. Answers that do not fit into a datagram are
 * asked for again by TCP (c-ares does).
 *
 * @param servers addresses, with a port where it is not 53; by default those of this machine
 * @param deadlineMs within which all that is to count has been said
 */
export function dnsTxtResolver({ servers, deadlineMs }: { servers: string[] | null; deadlineMs: number }): TxtResolver {
  const asked = servers ?? [...new Set(new Resolver().getServers())];

  const askOne = async (server: string, name: string): Promise<TxtAnswer> => {
    // c-ares takes its timeout for each try and server; a second try catches a datagram that was lost.
    const resolver = new Resolver({ timeout: Math.max(200, Math.floor(deadlineMs / 3)), tries: 2 });
    resolver.setServers([server]);
    let end: NodeJS.Timeout | undefined;
    const late = new Promise<TxtAnswer>((resolve) => {
      end = setTimeout(() => {
        resolver.cancel();
        resolve({ state: 'no_answer' });
      }, deadlineMs);
    });
    const answer = resolver.resolveTxt(name).then(
      (records): TxtAnswer => ({ state: 'found', records: records.slice(0, mostRecords).map(joined) }),
      (error: NodeJS.ErrnoException): TxtAnswer => ({ state: noRecord.has(error.code ?? '') ? 'none' : 'no_answer' }),
    );
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(end);
    }
  };

  return {
    async txt(name) {
      const answers = await Promise.all(asked.map((server) => askOne(server, name)));
      return agreed(answers.filter(({ state }) => state !== 'no_answer'));
    },
  };
}

/** One record may come in several strings (RFC 7208, section 3.3): together they are its text. */
const joined = (strings: string[]): string => strings.join('').slice(0, longestRecord);

/** What all have: a record that only some of them know is not published yet, or never was. */
export function agreed(answers: TxtAnswer[]): TxtAnswer {
  const [first] = answers;
  if (!first) return { state: 'no_answer' };
  const found = answers.flatMap((answer) => (answer.state === 'found' ? [answer.records] : []));
  if (found.length === 0) return { state: 'none' };
  const inAll = found[0]!.filter((record) => found.every((records) => records.includes(record)));
  if (found.length < answers.length || (inAll.length === 0 && found.some((records) => records.length > 0)))
    return { state: 'differs' };
  return { state: 'found', records: inAll };
}
