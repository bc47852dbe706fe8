/** Which addresses a URL that a user wrote may lead to: the public internet, and nothing that is near this machine. */
import { BlockList, isIPv4, isIPv6 } from 'node:net';

const FORBIDDEN_V4 = subnets('ipv4', [
  '0.0.0.0/8', // this host
  '10.0.0.0/8',
  '100.64.0.0/10', // carrier-grade NAT; a cloud's metadata too
  '127.0.0.0/8',
  '168.63.129.16/32', // Azure's own services, on a public address
  '169.254.0.0/16', // link-local, metadata of most clouds
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
]);

/** Of IPv6 only global unicast is let through; within it these are not. */
const GLOBAL_V6 = subnets('ipv6', ['2000::/3']);
const FORBIDDEN_V6 = subnets('ipv6', [
  '2001::/23', // protocol assignments, Teredo
  '2001:db8::/32',
  '2002::/16', // 6to4
  '3fff::/20',
]);

/** Blocks that carry an IPv4 address in their last 32 bits: it is the one that is reached. */
const V4_MAPPED = subnets('ipv6', ['::ffff:0:0/96']);
const NAT64 = subnets('ipv6', ['64:ff9b::/96']);

/** @param address an IP address as `dns.lookup` or a socket gives it; anything else is not public */
export function isPublicAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  if (isIPv4(bare)) return !FORBIDDEN_V4.check(bare, 'ipv4');
  if (!isIPv6(bare)) return false;
  if (V4_MAPPED.check(bare, 'ipv6') || NAT64.check(bare, 'ipv6')) return !FORBIDDEN_V4.check(lastFourBytes(bare), 'ipv4');
  return GLOBAL_V6.check(bare, 'ipv6') && !FORBIDDEN_V6.check(bare, 'ipv6');
}

/** The URL parser writes every IPv6 address in one form, with hexadecimal groups only. */
function lastFourBytes(address: string): string {
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1).split(':');
  const [high, low] = groups.slice(-2).map((group) => Number.parseInt(group || '0', 16)) as [number, number];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

function subnets(family: 'ipv4' | 'ipv6', list: readonly string[]): BlockList {
  const blocks = new BlockList();
  for (const entry of list) {
    const [network, prefix] = entry.split('/') as [string, string];
    blocks.addSubnet(network, Number(prefix), family);
  }
  return blocks;
}
