/** Places with pins, for properties. */
import fc from 'fast-check';
import type { PinnedPlace } from '../../src/places/place.ts';

const host = fc.oneof(
  fc.domain(),
  fc.ipV4(),
  fc.ipV6().filter((ip) => !ip.includes('.')),
);
const pin = fc.uint8Array({ minLength: 32, maxLength: 32 });

export const pinnedPlace: fc.Arbitrary<PinnedPlace> = fc.record(
  { host, port: fc.nat(65_535), pin },
  { noNullPrototype: true },
);

/** One to five, each at an address of its own. */
export const pinnedPlaces: fc.Arbitrary<PinnedPlace[]> = fc.uniqueArray(pinnedPlace, {
  minLength: 1,
  maxLength: 5,
  selector: (place) => `${place.host.toLowerCase()} ${place.port}`,
});
