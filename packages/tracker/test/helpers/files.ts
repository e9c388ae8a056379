import type { FileDescriptor } from '@minitorrent/chunk-store';

/** A descriptor whose root follows from its name; no such content exists. */
export function testFile(name: string, size = 100_000): FileDescriptor {
  const root = new Uint8Array(32);
  for (let at = 0; at < root.length; at += 1)
    root[at] = (name.charCodeAt(at % name.length) * (at + 1)) & 0xff;
  return { name, size, pieceLength: 65_536, root };
}
