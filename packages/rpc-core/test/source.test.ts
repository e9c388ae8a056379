import { expect, test } from 'vitest';
import { sourceOf } from '../src/source.ts';

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['peer.example', 'peer.example'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:0001:2::1', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
])('sourceOf: %s counts as %s', (host, source) => expect(sourceOf(host)).toBe(source));
