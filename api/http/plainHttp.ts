import { ConfigurationError, type Configuration } from '#domain/configuration.ts';

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || /^127(?:\.\d{1,3}){3}$/.test(host) || /^\[?::1\]?$/.test(host);

export const isHttps = (publicUrl: string): boolean => publicUrl.startsWith('https://');

/** Sessions must not cross a network in clear: plain HTTP is for this machine only. */
export function refusePlainHttp({ publicUrl, host }: Pick<Configuration, 'publicUrl' | 'host'>): void {
  if (isHttps(publicUrl)) return;
  const problems = [];
  if (!isLoopback(new URL(publicUrl).hostname))
    problems.push('TENANTRY_PUBLIC_URL is plain HTTP on another host than localhost: use its https:// address');
  if (!isLoopback(host))
    problems.push(
      'TENANTRY_HOST would serve plain HTTP to the network: set TENANTRY_PUBLIC_URL to the https:// address of the proxy ' +
        'in front, or TENANTRY_HOST to 127.0.0.1',
    );
  if (problems.length > 0) throw new ConfigurationError(problems);
}
