import { describe, expect, it } from 'vitest';
import { decodeDescription, encodeDescription, type FileDescription } from '../src/file-description.ts';

const peer = (port: number) =>
  ({ userId: 'bob', deviceId: new Uint8Array(32).fill(port), host: 'h', port, holding: 'complete' }) as const;
const description = (peers: number): FileDescription => ({
  file: { name: 'a.bin', size: 10, pieceLength: 65_536, root: new Uint8Array(32).fill(9) },
  sharedBy: 'alice',
  peers: Array.from({ length: peers }, (_, place) => peer(1 + place)),
});

describe('a file description', () => {
  it('comes back from its bytes, of many peers with those that came last', () => {
    expect(decodeDescription(encodeDescription('films', description(3)))).toEqual(description(3));
    const many = decodeDescription(encodeDescription('films', description(100)));
    expect(many?.peers.map(({ port }) => port)).toEqual(Array.from({ length: 60 }, (_, place) => 41 + place));
  });

  it('is none where bytes are of something else', () => {
    const bytes = encodeDescription('films', description(1));
    expect(decodeDescription(bytes.subarray(0, -1))).toBeUndefined();
    expect(decodeDescription(new Uint8Array(8))).toBeUndefined();
  });
});
