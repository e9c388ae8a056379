import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress, isLoopback, parseAddress, parseAddresses } from '../src/address.ts';

const parse = (text: string) => parseAddress(text, { defaultPort: 7700 });

describe('parseAddress', () => {
  it.each([
    ['127.0.0.1:80', '127.0.0.1', 80],
    ['localhost', 'localhost', 7700],
    ['tracker.example.org:65535', 'tracker.example.org', 65_535],
    ['[::1]:9', '::1', 9],
    ['[::]', '::', 7700],
    ['[fe80::1%eth0]:1', 'fe80::1%eth0', 1],
    ['0.0.0.0:0', '0.0.0.0', 0],
  ])('reads %s', (text, host, port) => {
    expect(parse(text)).toEqual({ host, port });
  });

  it.each([
    ['', 'host name'],
    [':7700', 'host name'],
    ['::1', 'brackets'],
    ['::1:7700', 'brackets'],
    ['[localhost]:1', 'only an IPv6'],
    ['[::1', 'brackets'],
    ['host:', 'port'],
    ['host:http', 'port'],
    ['host:65536', 'port'],
    ['host:-1', 'port'],
    ['host: 80', 'port'],
    ['ho st:80', 'host name'],
    ['http://host:80', 'brackets'],
    ['7700', 'a number alone is no host'],
  ])('refuses %j and says why', (text, reason) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'bad_address' }));
    expect(() => parse(text)).toThrow(reason);
  });

  it('reads what formatAddress wrote', () => {
    const host = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().filter((ip) => !ip.includes('.')),
    );
    fc.assert(
      fc.property(host, fc.nat(65_535), (name, port) => {
        expect(parse(formatAddress({ host: name, port }))).toEqual({ host: name, port });
      }),
    );
  });
});

it('parseAddress does not repeat the password of another kind of address', () => {
  expect(() => parse('postgres://alice:secret@db.example/x')).toThrow(/"postgres:\/\/\.\.\.@db\.example\/x"/);
});

describe('parseAddresses', () => {
  it('reads a list, spaces allowed', () => {
    expect(parseAddresses('a:1, [::1]:2,b', { defaultPort: 3 })).toEqual([
      { host: 'a', port: 1 },
      { host: '::1', port: 2 },
      { host: 'b', port: 3 },
    ]);
  });

  it('refuses an empty place', () => {
    expect(() => parseAddresses('a:1,', { defaultPort: 3 })).toThrow(
      expect.objectContaining({ code: 'bad_address' }),
    );
  });
});

describe('isLoopback', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.8.9.1', true],
    ['::1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['10.0.0.1', false],
  ])('of %s is %s', (host, expected) => {
    expect(isLoopback({ host, port: 1 })).toBe(expected);
  });
});
