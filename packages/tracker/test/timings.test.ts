/** The times of a cluster: what the rules of replication ask of them, and what `PROTOCOL.md` prints. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TIMINGS } from '../src/replication/timings.ts';

describe('TIMINGS', () => {
  it('let no primary read when another may have taken over, even where its clock is a third slower', () => {
    const { silenceMs, takeoverMs } = TIMINGS;
    expect(takeoverMs * (2 / 3)).toBeGreaterThan(silenceMs);
    expect(takeoverMs).toBeGreaterThan(2 * silenceMs);
  });

  it('leave room for a lost heartbeat, and for a takeover within three seconds', () => {
    const { heartbeatMs, answerMs, silenceMs, takeoverMs, takeoverSpreadMs, registerMs } = TIMINGS;
    expect(2 * heartbeatMs + answerMs).toBeLessThan(silenceMs);
    expect(takeoverMs + takeoverSpreadMs + registerMs).toBeLessThan(3_000);
  });

  it('are those of PROTOCOL.md', () => {
    const document = readFileSync(new URL('../../../PROTOCOL.md', import.meta.url), 'utf8');
    const rows = document.matchAll(/^\| `(\w+Ms)` +\| ([\d,]+) +\| /gm);
    const printed = new Map([...rows].map(([, name, ms]) => [name, Number(ms?.replaceAll(',', ''))]));
    for (const [name, ms] of Object.entries(TIMINGS)) expect([name, printed.get(name)]).toEqual([name, ms]);
  });
});
