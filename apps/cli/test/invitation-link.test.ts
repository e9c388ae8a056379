import { deviceIdOf, formatDeviceId } from '@minitorrent/rpc-core/identity';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatInvitationLink,
  isInvitationLink,
  parseInvitationLink,
} from '../src/places/invitation-link.ts';
import { pinnedPlaces } from './support/arbitrary-places.ts';

const PIN = deviceIdOf(new Uint8Array(32));
const OTHER = deviceIdOf(new Uint8Array(32).fill(1));
const TEXT = formatDeviceId(PIN);

describe('parseInvitationLink', () => {
  it('reads what formatInvitationLink wrote', () => {
    fc.assert(
      fc.property(pinnedPlaces, (places) => {
        const link = formatInvitationLink(places);
        expect(isInvitationLink(link)).toBe(true);
        expect(parseInvitationLink(link)).toEqual(places);
        // Safe in every shell, and whole when a program finds it in a text.
        expect(link).toMatch(/^minitorrent:\/\/[A-Za-z0-9._:[\]%,-]+#[A-Z2-7,-]+$/);
      }),
    );
  });

  it('gives the first pin to the first address', () => {
    const link = `minitorrent://a:1,b#${TEXT},${formatDeviceId(OTHER)}`;
    expect(parseInvitationLink(link)).toEqual([
      { host: 'a', port: 1, pin: PIN },
      { host: 'b', port: 7700, pin: OTHER },
    ]);
    expect(parseInvitationLink(` MINITORRENT://a#${TEXT.toLowerCase()}\n`)).toEqual([
      { host: 'a', port: 7700, pin: PIN },
    ]);
  });

  it.each([
    ['', 'does not begin with minitorrent://'],
    [`http://a#${TEXT}`, 'does not begin with minitorrent://'],
    ['minitorrent://a:1', 'device ids are missing'],
    [`minitorrent://a:1#${TEXT}#${TEXT}`, 'more than one sign #'],
    [`minitorrent://a,b#${TEXT}`, '2 addresses and 1 device ids'],
    [`minitorrent://a#${TEXT},${TEXT}`, '1 addresses and 2 device ids'],
    [`minitorrent://a:1,A:1#${TEXT},${TEXT}`, 'an address twice'],
    [`minitorrent://#${TEXT}`, 'expected a host name'],
    [`minitorrent://a:x#${TEXT}`, 'a port is a number'],
    [`minitorrent://a#${TEXT.slice(0, -1)}`, 'it has 55 characters, expected 56'],
    [`minitorrent://${'a,'.repeat(16)}a#${`${TEXT},`.repeat(16)}${TEXT}`, 'more than 16 trackers'],
    [`minitorrent://${'a'.repeat(9_000)}`, 'it has 9014 characters'],
  ])('refuses %.60j: %s', (link, reason) => {
    expect(() => parseInvitationLink(link)).toThrow(
      expect.objectContaining({ code: 'bad_link', message: expect.stringContaining(reason) }),
    );
  });

  it('reads nothing out of half a link, and fails with its own code whatever it gets', () => {
    const code = (text: string) => {
      try {
        parseInvitationLink(text);
        return 'read';
      } catch (error) {
        return error instanceof Error && 'code' in error ? error.code : error;
      }
    };
    const link = formatInvitationLink([{ host: 'tracker.example', port: 7700, pin: PIN }]);
    for (let end = 0; end < link.length; end += 1) expect(code(link.slice(0, end))).toBe('bad_link');
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(['bad_link', 'read']).toContain(code(`minitorrent://${a}#${b}`));
      }),
    );
  });
});
