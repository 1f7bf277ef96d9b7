import { registry } from '#observability/metrics.ts';

/**
 * What a counter of this process stands at. Other test files count in the same process: what one of them adds is a difference.
 *
 * @param labels of one of its series, in full
 */
export async function counted(name: string, labels: Record<string, string>): Promise<number> {
  const counter = registry.getSingleMetric(name);
  if (!counter) throw new Error(`there is no counter ${name}`);
  const { values } = await counter.get();
  const wanted = Object.entries(labels);
  const series = values.find((value) => wanted.every(([label, text]) => String(value.labels[label]) === text));
  return series?.value ?? 0;
}
