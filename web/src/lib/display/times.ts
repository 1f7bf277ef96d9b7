const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** A length of time as an operator reads it: `842 ms`, `12.3 s`, `3 min 12 s`, `2 h 5 min`, `4 d 3 h`. */
export function durationText(milliseconds: number): string {
  const length = Math.max(0, Math.round(milliseconds));
  if (length < second) return `${length} ms`;
  if (length < minute) return `${(Math.floor(length / 100) / 10).toFixed(1)} s`;
  if (length < hour) return `${Math.floor(length / minute)} min ${Math.floor((length % minute) / second)} s`;
  if (length < day) return `${Math.floor(length / hour)} h ${Math.floor((length % hour) / minute)} min`;
  return `${Math.floor(length / day)} d ${Math.floor((length % day) / hour)} h`;
}

const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const soon = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' });

/** How long ago, coarse on purpose; older than a week it is the date. What lies ahead is said by the clock. */
export function relativeText(then: Date, now: number): string {
  const age = now - then.getTime();
  if (Math.abs(age) < 5 * second) return 'just now';
  if (age < 0) return age > -7 * day ? soon.format(then) : date.format(then);
  if (age < minute) return `${Math.floor(age / second)} s ago`;
  if (age < hour) return `${Math.floor(age / minute)} min ago`;
  if (age < day) return `${Math.floor(age / hour)} h ago`;
  if (age < 7 * day) return `${Math.floor(age / day)} d ago`;
  return date.format(then);
}

export const exactText = (time: Date): string => exact.format(time);
