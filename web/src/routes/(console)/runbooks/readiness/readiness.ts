import type { BackupFleet, PlanProtection } from '#contracts/backups/backups.ts';
import type { Drill } from '#contracts/backups/drills.ts';
import type { PlatformBackupList } from '#contracts/backups/platformBackups.ts';
import type { BackupPolicy } from '#contracts/backups/policies.ts';
import type { ReplicationState } from '#contracts/recovery/replication.ts';
import type { ServerArchive } from '#contracts/recovery/serverArchive.ts';
import type { RunbookSummary } from '#contracts/runbooks/runbooks.ts';
import type { Word } from '#lib/display/words.ts';

/** What was measured against what is promised, in seconds; null: nothing is known, or nothing is promised. */
export interface Measured {
  seconds: number | null;
  target: number | null;
}

export interface Ready {
  what: string;
  href: string;
  says: string;
  word: Word;
  /** What would be lost now. */
  rpo: Measured | null;
  /** How long it takes until it is back, as it was measured last. */
  rto: Measured | null;
  /** When that was proven or practised last. */
  provenAt: string | null;
}

const good = (title: string): Word => ({ title, tone: 'good' });
const bad = (title: string): Word => ({ title, tone: 'bad' });
const warn = (title: string): Word => ({ title, tone: 'warn' });

const isMissed = ({ seconds, target }: Measured): boolean => seconds !== null && target !== null && seconds > target;
const ageOf = (iso: string | null, now: number): number | null =>
  iso === null ? null : Math.max(0, (now - Date.parse(iso)) / 1000);

/** A backup a day: as much may be lost, and an hour for it to be made in. */
const platformTargetSeconds = 25 * 3600;

export function planReady(plan: PlanProtection, policy: BackupPolicy | undefined, now: number): Ready {
  const total = Object.values(plan.counts).reduce((sum, count) => sum + count, 0);
  const wrong = plan.counts.failing + plan.counts.stale + plan.counts.never;
  const rpo = { seconds: ageOf(plan.oldestAt, now), target: plan.rpoMinutes * 60 };
  const word =
    total === 0
      ? { title: 'No tenants', tone: 'quiet' as const }
      : plan.paused
        ? warn('Paused')
        : plan.counts.off === total
          ? warn('Off')
          : wrong > 0 || isMissed(rpo)
            ? bad('Not as promised')
            : good('Protected');
  return {
    what: `Tenants of ${plan.title}`,
    href: `/backups?plan=${encodeURIComponent(plan.plan)}`,
    says: `${plan.counts.protected} of ${total} protected${wrong ? `, ${wrong} not` : ''}`,
    word,
    rpo,
    rto: policy ? { seconds: null, target: policy.rules.rtoMinutes * 60 } : null,
    provenAt: null,
  };
}

/** What the drills of late came to, all tenants together; null where there were none. */
export function drillsReady(drills: readonly Drill[]): Ready | null {
  const over = drills.filter(({ state }) => state === 'proven' || state === 'failed');
  if (over.length === 0) return null;
  const failed = over.filter(({ state }) => state === 'failed').length;
  const late = over.filter(({ meets }) => meets.rto === false || !meets.rpo).length;
  const slowest = over
    .filter(({ rtoMs }) => rtoMs !== null)
    .toSorted((one, other) => other.rtoMs! / other.rtoTargetMs - one.rtoMs! / one.rtoTargetMs)[0];
  const worst = over.toSorted(
    (one, other) => other.rpoSeconds / other.rpoTargetSeconds - one.rpoSeconds / one.rpoTargetSeconds,
  )[0]!;
  const newest = over
    .map(({ finishedAt }) => finishedAt ?? '')
    .toSorted()
    .at(-1);
  return {
    what: 'Restores of tenants, by drills',
    href: '/backups',
    says: `${over.length - failed} of the last ${over.length} proven${late ? `, ${late} not as promised` : ''}`,
    word: failed > 0 ? bad('Not all proven') : late > 0 ? bad('Not as promised') : good('Proven'),
    rpo: { seconds: worst.rpoSeconds, target: worst.rpoTargetSeconds },
    rto: slowest ? { seconds: slowest.rtoMs! / 1000, target: slowest.rtoTargetMs / 1000 } : null,
    provenAt: newest || null,
  };
}

export function platformReady(backups: PlatformBackupList, now: number): Ready {
  const kept = backups.items.filter(({ state }) => state === 'proven' || state === 'written');
  const newest = kept[0] ?? null;
  const rpo = { seconds: ageOf(newest?.at ?? null, now), target: backups.at === null ? null : platformTargetSeconds };
  return {
    what: 'The control plane',
    href: '/settings/platform-backups',
    says: backups.isBesideTheData
      ? `${kept.length} kept, on the disk that they are to replace`
      : `${kept.length} kept in ${backups.place}`,
    word: !newest
      ? bad('No backup')
      : isMissed(rpo)
        ? bad('Not as promised')
        : backups.isBesideTheData
          ? warn('Beside the data')
          : newest.state === 'proven'
            ? good('Protected')
            : warn('Not read again yet'),
    rpo,
    rto: null,
    provenAt: backups.items.find(({ provenAt }) => provenAt !== null)?.provenAt ?? null,
  };
}

/** The log is taken away each minute, and a server that writes little closes a file of it every five. */
const archiveTargetSeconds = 10 * 60;
/** A base backup a day, and two hours for it. */
const oldestBaseSeconds = 26 * 3600;
/** It is looked at every hour. */
const oldestCheckSeconds = 2 * 3600;

/** The whole server to a chosen second. What would be lost is as the last look found it. */
export function archiveReady({ kind, newestBase, bases, lastFailedAt, check }: ServerArchive, now: number): Ready {
  const what = 'The whole server, to any second';
  const href = '/settings/schedules';
  const off = { title: 'Off', tone: 'quiet' as const };
  if (kind === 'off')
    return { what, href, says: 'no base backups are made from here', word: off, rpo: null, rto: null, provenAt: null };
  const lost = check?.reachesUntil ? ageOf(check.reachesUntil, Date.parse(check.checkedAt)) : null;
  const rpo = { seconds: lost, target: archiveTargetSeconds };
  const baseAge = ageOf(newestBase?.reachesFrom ?? null, now);
  const word = !newestBase
    ? bad('No base backup')
    : check && (check.gaps > 0 || check.failing !== null)
      ? bad('Log not whole')
      : baseAge! > oldestBaseSeconds || isMissed(rpo)
        ? bad('Not as promised')
        : !check || now - Date.parse(check.checkedAt) > oldestCheckSeconds * 1000
          ? warn('Not looked at')
          : lastFailedAt !== null
            ? warn('Last attempt failed')
            : good('Protected');
  return {
    what,
    href,
    says:
      check?.failing ??
      `${bases} base ${bases === 1 ? 'backup' : 'backups'} kept${check?.gaps ? ', the log has a gap' : ''}${check?.waiting ? `, ${check.waiting} files of the log wait` : ''}`,
    word,
    rpo,
    rto: null,
    provenAt: newestBase?.provenAt ?? null,
  };
}

const standbyWords = { behind: 'Too far behind', broken: 'Does not follow', silent: 'Does not answer' } as const;

/** Each standby by how far behind it is, against what is allowed. */
export const standbysReady = ({ maxLagSeconds, items }: ReplicationState): Ready[] =>
  items
    .filter(({ follows }) => follows !== null)
    .map(({ name, follows, state, reason, lagSeconds, sampledAt }) => ({
      what: `Standby ${name} of ${follows}`,
      href: '/settings/servers',
      says: reason ?? '',
      word: state === 'ok' ? good('Follows') : bad(standbyWords[state]),
      rpo: { seconds: lagSeconds, target: maxLagSeconds },
      rto: null,
      provenAt: sampledAt,
    }));

export function runbookReady({ name, title, budgetSeconds, lastPractice, practiceIsStale }: RunbookSummary): Ready {
  const held = lastPractice?.state === 'succeeded';
  const rto = { seconds: held ? lastPractice.seconds : null, target: budgetSeconds };
  return {
    what: title,
    href: `/runbooks/${name}`,
    says: lastPractice ? (held ? 'practised to its end' : 'the last practice did not come to its end') : '',
    word: practiceIsStale
      ? bad('Practice is stale')
      : !lastPractice
        ? warn('Never practised')
        : !held
          ? bad('Practice failed')
          : isMissed(rto)
            ? bad('Too slow')
            : good('Practised'),
    rpo: null,
    rto,
    provenAt: lastPractice?.finishedAt ?? null,
  };
}

const order = { bad: 0, warn: 1, busy: 2, quiet: 3, good: 4 } as const;
/** What is not as promised comes first. */
export const worstFirst = (rows: readonly Ready[]): Ready[] =>
  rows.toSorted((one, other) => order[one.word.tone] - order[other.word.tone]);

export interface Known {
  fleet: BackupFleet | null;
  policies: readonly BackupPolicy[];
  drills: readonly Drill[];
  platform: PlatformBackupList | null;
  archive: ServerArchive | null;
  replication: ReplicationState | null;
}

/** What lies in backups and follows: tenants by plan, what drills say of them, the control plane, the server and its standbys. */
export function protectedBy({ fleet, policies, drills, platform, archive, replication }: Known, now: number): Ready[] {
  const drilled = drillsReady(drills);
  return worstFirst([
    ...(platform ? [platformReady(platform, now)] : []),
    ...(archive ? [archiveReady(archive, now)] : []),
    ...(replication ? standbysReady(replication) : []),
    ...(fleet?.plans ?? []).map((plan) =>
      planReady(
        plan,
        policies.find((one) => one.plan === plan.plan),
        now,
      ),
    ),
    ...(drilled ? [drilled] : []),
  ]);
}
