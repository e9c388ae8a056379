import { afterEach, describe, expect, test, vi } from 'vitest';
import { NotMeasurable } from '../harness/figure.ts';
import { openNamespaceLab } from '../transfer/namespace-lab.ts';
import { startTorrentTracker } from '../transfer/torrent.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('openNamespaceLab', () => {
  test('fails where there are no tools for it, and hangs nowhere', async () => {
    vi.stubEnv('PATH', '');
    const opened = openNamespaceLab({ seeders: 1, leechers: 1, uplinkMbit: 1 });
    await expect(opened).rejects.toThrow(NotMeasurable);
    await expect(opened).rejects.toHaveProperty('cause.message', expect.stringContaining('unshare'));
  });
});

describe('startTorrentTracker', () => {
  test('tells whoever announces of all others, and the bench of those that have everything', async () => {
    await using tracker = await startTorrentTracker({ enter: [], host: '127.0.0.1' });
    const announce = async (port: number, more: string): Promise<string> => {
      const response = await fetch(`${tracker.url}?info_hash=%00%ff&port=${port}&${more}`);
      return Buffer.from(await response.arrayBuffer()).toString('latin1');
    };
    expect(await announce(0x1234, 'left=0')).toBe('d8:intervali1800e5:peers0:e');
    await tracker.seeders(1);
    expect(await announce(0x5678, 'left=9')).toBe('d8:intervali1800e5:peers6:\x7f\0\0\x01\x12\x34e');
    await announce(0x1234, 'left=0&event=stopped');
    expect(await announce(0x5678, 'left=0')).toBe('d8:intervali1800e5:peers0:e');
  });
});
