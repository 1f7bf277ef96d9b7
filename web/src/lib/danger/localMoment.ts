/** A moment as `<input type="datetime-local">` takes it: this browser's time, to the minute. */
export function localText(iso: string | null | undefined): string {
  if (!iso) return '';
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Back again, in UTC; undefined for an input that is empty or no moment. */
export function momentOf(text: string): string | undefined {
  const at = new Date(text);
  return text === '' || Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
