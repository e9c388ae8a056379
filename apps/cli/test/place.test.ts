import { deviceIdOf, formatDeviceId } from '@minitorrent/rpc-core/identity';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatPlace,
  isSameAddress,
  parseDeviceIds,
  parsePlace,
  parsePlaces,
  requirePin,
} from '../src/places/place.ts';
import { pinnedPlaces } from './support/arbitrary-places.ts';

const PIN = deviceIdOf(new Uint8Array(32));
const TEXT = formatDeviceId(PIN);
const parse = (text: string) => parsePlace(text, { defaultPort: 7700 });

describe('parsePlace', () => {
  it.each([
    ['a', { host: 'a', port: 7700 }],
    ['a:1', { host: 'a', port: 1 }],
    [`a:1#${TEXT}`, { host: 'a', port: 1, pin: PIN }],
    [` [::1]:1 # ${TEXT.toLowerCase().replaceAll('-', ' ')} `, { host: '::1', port: 1, pin: PIN }],
  ])('reads %s', (text, place) => {
    expect(parse(text)).toEqual(place);
  });

  it.each([
    ['', 'bad_address'],
    [`#${TEXT}`, 'bad_address'],
    ['a#', 'bad_device_id'],
    [`a#${TEXT.slice(1)}`, 'bad_device_id'],
    [`a#${TEXT}#${TEXT}`, 'bad_device_id'],
  ])('refuses %j with %s', (text, code) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code }));
  });

  it('reads what formatPlace wrote, in lists too', () => {
    fc.assert(
      fc.property(pinnedPlaces, (places) => {
        const text = places.map(formatPlace).join(',');
        expect(parsePlaces(text, { defaultPort: 1 })).toEqual(places);
      }),
    );
    expect(formatPlace({ host: '::1', port: 9 })).toBe('[::1]:9');
  });
});

describe('requirePin', () => {
  it('tells where to look for a pin that is missing', () => {
    expect(requirePin(parse(`a#${TEXT}`), 'tracker')).toEqual({ host: 'a', port: 7700, pin: PIN });
    expect(() => requirePin(parse('a'), 'witness')).toThrow(
      expect.objectContaining({
        code: 'no_pin',
        message: expect.stringContaining('which witness has to answer'),
      }),
    );
  });
});

it('parseDeviceIds reads a list', () => {
  expect(parseDeviceIds(`${TEXT}, ${TEXT}`)).toEqual([PIN, PIN]);
  expect(() => parseDeviceIds('')).toThrow(expect.objectContaining({ code: 'bad_device_id' }));
});

it('isSameAddress does not mind the case of a name', () => {
  expect(isSameAddress(parse('A.example'), parse('a.EXAMPLE'))).toBe(true);
  expect(isSameAddress(parse('a:1'), parse('a:2'))).toBe(false);
});
