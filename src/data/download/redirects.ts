import type { LookupAddress, LookupOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { HandgradError } from '../../errors';

/** The addresses that are not on the public internet: RFC 6890 and its successors. */
const PRIVATE = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  PRIVATE.addSubnet(net, prefix, 'ipv4');
  // NAT64 and 6to4 lead to the IPv4 address that is embedded in theirs: at the end, and in the second and third group.
  PRIVATE.addSubnet(`64:ff9b::${net}`, 96 + prefix, 'ipv6');
  PRIVATE.addSubnet(`2002:${groups(net)}::`, 16 + prefix, 'ipv6');
}
for (const [net, prefix] of [
  ['::', 96], // this machine, and an obsolete form of IPv4 addresses
  ['64:ff9b:1::', 48],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10], // site-local, before fc00::/7
  ['ff00::', 8],
] as const) {
  PRIVATE.addSubnet(net, prefix, 'ipv6');
}

/** An IPv4 address as two groups of an IPv6 address: 10.0.0.1 is a00:1. */
function groups(address: string): string {
  const [a, b, c, d] = address.split('.').map(Number) as [number, number, number, number];
  return [256 * a + b, 256 * c + d].map((group) => group.toString(16)).join(':');
}

/** Whether an IP address belongs to this machine or to a private network. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && PRIVATE.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Whether a URL names this machine or a private address outright. Names that resolve to one are left to `publicLookup`.
 */
export function isPrivateHost(url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return isPrivateAddress(host) || host === 'localhost' || host.endsWith('.localhost');
}

/**
 * The target of a redirect, if it is safe: not another protocol, not from https to http,
 * not from the public internet to a private address.
 * @param from the address that responded
 * @param location its `Location` header
 * @param privateSource whether the first address of the chain was itself a private one
 * @throws HandgradError 'data' when the redirect is refused
 */
export function followRedirect(from: URL, location: string | undefined, privateSource: boolean): URL {
  if (location === undefined || !URL.canParse(location, from.href)) {
    throw refused(from, `to "${location ?? ''}", which is not an address`);
  }
  const to = new URL(location, from);
  if (to.protocol !== 'http:' && to.protocol !== 'https:') throw refused(from, `to ${to.protocol}, which is not http`);
  if (from.protocol === 'https:' && to.protocol === 'http:') throw refused(from, `from https to plain ${to.href}`);
  if (!privateSource && isPrivateHost(to)) throw refused(from, `to the private address ${to.host}`);
  return to;
}

/** A host name lookup that refuses private addresses, so that no public name leads into a private network. */
export function publicLookup(lookup: LookupFunction): LookupFunction {
  return (hostname: string, options: LookupOptions, callback) => {
    lookup(hostname, options, (error, found: string | LookupAddress[], family) => {
      const addresses = typeof found === 'string' ? [found] : (found ?? []).map(({ address }) => address);
      const inside = addresses.find(isPrivateAddress);
      if (error || inside === undefined) return callback(error, found, family);
      const code = 'EPRIVATE';
      callback(
        Object.assign(new Error(`${hostname} resolves to the private address ${inside}`), { code }),
        found,
        family,
      );
    });
  };
}

function refused(from: URL, what: string): HandgradError {
  return new HandgradError('data', `${from.host} redirects ${what}, and that is refused.`);
}
