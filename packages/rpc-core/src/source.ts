/**
 * Who is behind an address, as far as the address tells: limits per address count by this.
 */

/**
 * An IPv4 address or a host name as it is; of an IPv6 address the first 64 bits, because whoever has one address of such
 * a network has all of them (RFC 6177).
 */
export function sourceOf(host: string): string {
  if (!host.includes(':')) return host;
  const [front = '', back] = host.toLowerCase().split('%')[0]?.split('::') ?? [];
  const left = front === '' ? [] : front.split(':');
  const right = back === undefined || back === '' ? [] : back.split(':');
  const groups = [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
