import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Screen } from '../src/output/screen.ts';
import { type Completer, createLineEditor } from '../src/shell/line-editor.ts';
import { createPromptScreen } from '../src/shell/prompt-screen.ts';
import { createVirtualTerminal } from './support/virtual-terminal.ts';

function setUp(options: { columns?: number; rows?: number; completer?: Completer } = {}) {
  const terminal = createVirtualTerminal(options.columns, options.rows);
  const input = new PassThrough();
  const editor = createLineEditor({
    input,
    output: terminal.stream,
    completer: options.completer ?? ((line, done) => done(null, [['list_file ', 'list_groups '], line])),
  });
  const end = new AbortController();
  return {
    terminal,
    input,
    editor,
    end,
    read: (history: string[] = []) => editor.read({ prompt: 'mt> ', history, signal: end.signal }),
    async type(keys: string) {
      input.write(keys);
      await setImmediate();
    },
  };
}

describe('createLineEditor', () => {
  it('reads a line', async () => {
    const { read, type, terminal, editor } = setUp();
    const line = read();
    expect(editor.isOpen).toBe(true);
    await type('list_groups\r');
    expect(await line).toEqual({ kind: 'line', text: 'list_groups' });
    expect(editor.isOpen).toBe(false);
    expect(terminal.text()).toBe('mt> list_groups');
  });

  it('recalls history, newest first', async () => {
    const { read, type } = setUp();
    const line = read(['newest', 'oldest']);
    await type('\u001b[A\u001b[A\r');
    expect(await line).toEqual({ kind: 'line', text: 'oldest' });
  });

  it('completes', async () => {
    const { read, type } = setUp();
    const line = read();
    await type('li');
    await type('\t');
    await type('groups\r');
    expect(await line).toEqual({ kind: 'line', text: 'list_groups' });
  });

  it('takes no harm from a completion that comes too late', async () => {
    const late: (() => void)[] = [];
    const completer: Completer = (_line, done) => void late.push(() => done(null, [['list_groups '], 'li']));
    const { read, type, end, terminal } = setUp({ completer });
    const line = read();
    await type('li\t');
    end.abort();
    expect(await line).toEqual({ kind: 'ended' });
    expect(late).toHaveLength(1);
    for (const answer of late) answer();
    expect(terminal.text()).toBe('mt> li');
  });

  it('does not complete a line that is there no more', async () => {
    const late: (() => void)[] = [];
    const completer: Completer = (_line, done) => void late.push(() => done(null, [['list_groups '], 'li']));
    const { read, type, input } = setUp({ completer });
    const first = read();
    await type('li');
    await type('\t');
    // A terminal may have this key on its way already when the input is paused for the completion.
    input.emit('keypress', '\r', { name: 'return' });
    for (const answer of late) answer();
    expect(await first).toEqual({ kind: 'line', text: 'li' });
    const second = read();
    await type('x\r');
    expect(await second).toEqual({ kind: 'line', text: 'x' });
  });

  it('tells Ctrl-C on an empty line from one on a line with text, and Ctrl-D', async () => {
    const { read, type } = setUp();
    const full = read();
    await type('abc\u0003');
    expect(await full).toEqual({ kind: 'interrupted', isEmpty: false });
    const empty = read();
    await type('\u0003');
    expect(await empty).toEqual({ kind: 'interrupted', isEmpty: true });
    const ended = read();
    await type('\u0004');
    expect(await ended).toEqual({ kind: 'ended' });
  });

  it('ends when it is told to', async () => {
    const { read, end } = setUp();
    const line = read();
    end.abort();
    expect(await line).toEqual({ kind: 'ended' });
    expect(await read()).toEqual({ kind: 'ended' });
  });

  it('keeps what was pasted behind the first line for the next ones', async () => {
    const { read, type, terminal } = setUp();
    const first = read();
    await type('one\rtwo\rthr');
    expect(await first).toEqual({ kind: 'line', text: 'one' });
    expect(await read()).toEqual({ kind: 'line', text: 'two' });
    const third = read();
    await type('ee\r');
    expect(await third).toEqual({ kind: 'line', text: 'three' });
    expect(terminal.text()).toMatch(/mt> three$/);
  });

  it('prints above what is being typed', async () => {
    const { read, type, editor, terminal } = setUp();
    const line = read();
    await type('list');
    editor.printAbove(['bob asks', 'carol asks']);
    expect(terminal.text()).toBe('bob asks\ncarol asks\nmt> list');
    await type('_groups\r');
    expect(await line).toEqual({ kind: 'line', text: 'list_groups' });
    expect(terminal.text()).toBe('bob asks\ncarol asks\nmt> list_groups');
  });

  it('keeps live lines above the prompt while it is open', async () => {
    const { read, type, editor, terminal } = setUp();
    editor.setLive(['ignored']);
    const line = read();
    await type('li');
    editor.setLive(['bar 10 %', 'bar 20 %']);
    await type('st');
    editor.setLive(['bar 30 %']);
    expect(terminal.text()).toBe('bar 30 %\nmt> list');
    editor.printAbove(['a notice']);
    expect(terminal.text()).toBe('a notice\nbar 30 %\nmt> list');
    await type('\r');
    await line;
    expect(terminal.text()).toBe('a notice\nmt> list');
  });

  it('never tears the screen, whatever is typed, printed and drawn, however lines wrap', async () => {
    const action = fc.oneof(
      fc.record({ keys: fc.stringMatching(/^[a-z ]{1,40}$/) }),
      fc.record({ print: fc.stringMatching(/^notice [a-z]{1,8}$/) }),
      fc.record({ live: fc.array(fc.stringMatching(/^bar [0-9]{1,3}$/), { maxLength: 3 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 12 }), async (actions) => {
        const { read, type, editor, terminal } = setUp({ columns: 30, rows: 40 });
        const line = read();
        const printed: string[] = [];
        let live: readonly string[] = [];
        let typed = '';
        for (const next of actions) {
          if ('keys' in next) {
            typed += next.keys;
            await type(next.keys);
          } else if ('print' in next) {
            printed.push(next.print);
            editor.printAbove([next.print]);
          } else {
            live = next.live;
            editor.setLive(live);
          }
          const shown = wrap(`mt> ${typed}`, 30);
          expect(terminal.text()).toBe([...printed, ...live, ...shown].join('\n').trimEnd());
        }
        await type('\r');
        expect(await line).toEqual({ kind: 'line', text: typed });
        expect(terminal.text()).toBe([...printed, ...wrap(`mt> ${typed}`, 30)].join('\n').trimEnd());
      }),
      { numRuns: 60 },
    );
  });
});

describe('createPromptScreen', () => {
  it('prints around the prompt while it is open, on the terminal otherwise, and later after silence', () => {
    const terminal: Screen = { isLive: true, columns: 33, rows: 7, print: vi.fn(), setLive: vi.fn() };
    const editor = { isOpen: true, printAbove: vi.fn(), setLive: vi.fn() };
    const screen = createPromptScreen({ editor, terminal });
    expect([screen.columns, screen.rows]).toEqual([33, 7]);
    screen.print(['a']);
    screen.setLive(['bar']);
    expect(editor.printAbove).toHaveBeenCalledExactlyOnceWith(['a']);
    expect(editor.setLive).toHaveBeenCalledExactlyOnceWith(['bar']);
    editor.isOpen = false;
    screen.setLive(['bar']);
    expect(terminal.setLive).toHaveBeenLastCalledWith(['bar']);
    const speakAgain = screen.silence();
    expect(terminal.setLive).toHaveBeenLastCalledWith([]);
    screen.print(['b']);
    screen.print(['c']);
    screen.setLive(['bar']);
    expect(terminal.print).not.toHaveBeenCalled();
    speakAgain();
    expect(terminal.print).toHaveBeenCalledExactlyOnceWith(['b', 'c']);
    expect(terminal.setLive).toHaveBeenLastCalledWith([]);
  });
});

/** As a terminal breaks a long line. */
function wrap(text: string, columns: number): string[] {
  const rows: string[] = [];
  for (let start = 0; start < Math.max(1, text.length); start += columns) {
    rows.push(text.slice(start, start + columns).trimEnd());
  }
  return rows;
}
