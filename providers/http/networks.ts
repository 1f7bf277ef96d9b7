import { BlockList, isIP } from 'node:net';

/** Of IPv4, what is not reached over the public internet (IANA's special-purpose registry, RFC 6890). */
const privateFour = blockListOf('ipv4', [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
]);
const publicSix = blockListOf('ipv6', [['2000::', 3]]);
/** Within the public range of IPv6: documentation, and tunnels that lead to an IPv4 address of anybody's choice. */
const privateSix = blockListOf('ipv6', [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]);
/** Where machines are told their own secrets; no step is ever served there. */
const linkLocalFour = blockListOf('ipv4', [['169.254.0.0', 16]]);
const linkLocalSix = blockListOf('ipv6', [
  ['fe80::', 10],
  ['fd00:ec2::', 32],
]);

/** Whether an address may be called; with private networks permitted, all but those where machines find their own secrets. */
export function mayBeCalled(address: string, { toPrivateNetworks }: { toPrivateNetworks: boolean }): boolean {
  const family = isIP(address.replace(/%.*$/, ''));
  if (family === 0) return false;
  if (family === 4) return !(toPrivateNetworks ? linkLocalFour : privateFour).check(address, 'ipv4');
  const four = mappedFour(address);
  if (four) return mayBeCalled(four, { toPrivateNetworks });
  const six = address.replace(/%.*$/, '');
  if (linkLocalSix.check(six, 'ipv6')) return false;
  return toPrivateNetworks || (publicSix.check(six, 'ipv6') && !privateSix.check(six, 'ipv6'));
}

/** The IPv4 address inside `::ffff:a.b.c.d`, however it is spelled. */
function mappedFour(six: string): string | null {
  const canonical = new URL(`http://[${six.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical) ?? [];
  if (high === undefined || low === undefined) return null;
  const bits = (Number.parseInt(high, 16) << 16) | Number.parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
}

function blockListOf(family: 'ipv4' | 'ipv6', ranges: [network: string, prefix: number][]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, family);
  return list;
}
