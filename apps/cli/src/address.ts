/**
 * Addresses as people write them: `host:port`, `host`, `[::1]:port`, and lists with commas.
 */
import type { Address } from '@minitorrent/rpc-core';
import { CliError } from './cli-error.ts';

const HOST = /^[A-Za-z0-9_.-]{1,255}$/;
const BRACKETED = /^\[([0-9A-Fa-f:.%a-z]+)\](?::(.*))?$/;

/** Parses one address; without a port it gets `defaultPort`. Fails with `bad_address`. */
export function parseAddress(text: string, options: { readonly defaultPort: number }): Address {
  const bracketed = BRACKETED.exec(text);
  if (bracketed !== null) {
    const [, host = '', port] = bracketed;
    if (!host.includes(':')) throw badAddress(text, 'only an IPv6 address goes into brackets');
    return { host, port: parsePort(text, port, options.defaultPort) };
  }
  const [host = '', port, ...more] = text.split(':');
  if (more.length > 0) throw badAddress(text, 'an IPv6 address goes into brackets, as in [::1]:7700');
  if (!HOST.test(host)) throw badAddress(text, 'expected a host name or an IP address');
  if (/^\d+$/.test(host)) throw badAddress(text, 'a number alone is no host; a port stands behind one');
  return { host, port: parsePort(text, port, options.defaultPort) };
}

/** Parses addresses separated by commas; at least one. Fails with `bad_address`. */
export function parseAddresses(text: string, options: { readonly defaultPort: number }): Address[] {
  return text.split(',').map((part) => parseAddress(part.trim(), options));
}

/** The address as `parseAddress` reads it. */
export function formatAddress(address: Address): string {
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

/** True where only programs on this machine can connect. */
export function isLoopback(address: Address): boolean {
  return address.host === 'localhost' || address.host === '::1' || /^127\./.test(address.host);
}

function parsePort(text: string, port: string | undefined, defaultPort: number): number {
  if (port === undefined) return defaultPort;
  const value = Number(port);
  if (!/^\d{1,5}$/.test(port) || value > 65_535) throw badAddress(text, 'a port is a number from 0 to 65535');
  return value;
}

function badAddress(text: string, reason: string): CliError {
  // Whoever takes the address of a database for this one must not see its password again.
  const shown = text.replace(/\/\/.*@/, '//...@');
  return new CliError('bad_address', `Cannot read the address ${JSON.stringify(shown)}: ${reason}`);
}
