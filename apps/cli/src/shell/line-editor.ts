/**
 * One prompt line after another on a terminal, with history and completion, and with other text above it while it is
 * being typed: notices that stay, live lines that are redrawn. What is typed so far survives both.
 *
 * Each line has a readline interface of its own. Between two lines nobody listens to the terminal, so that a password
 * prompt sees its keys alone and Ctrl-C during a command is a plain signal.
 */
import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline';
import type { Readable } from 'node:stream';
import { type OutputStream, writeLines } from '../output/screen.ts';
import { textWidth } from '../output/text-width.ts';

/** `interrupted`: Ctrl-C; `isEmpty` tells whether anything had been typed. `ended`: Ctrl-D, or the terminal is gone. */
export type Typed =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'interrupted'; readonly isEmpty: boolean }
  | { readonly kind: 'ended' };

export type Completer = (
  line: string,
  done: (error: Error | null, result: [string[], string]) => void,
) => void;

export interface LineEditorOptions {
  readonly input: Readable;
  readonly output: OutputStream;
  readonly completer: Completer;
}

export interface LineEditor {
  readonly isOpen: boolean;
  /** Shows the prompt and waits for a line. `history` has the newest line first. */
  read(options: {
    readonly prompt: string;
    readonly history: string[];
    readonly signal: AbortSignal;
  }): Promise<Typed>;
  /** While open: writes lines above the prompt. */
  printAbove(lines: readonly string[]): void;
  /** While open: replaces the live lines right above the prompt. Each fits into one row. */
  setLive(lines: readonly string[]): void;
}

/** Lines that readline recalls. */
const HISTORY_LINES = 1_000;

export function createLineEditor(options: LineEditorOptions): LineEditor {
  const { input, output, completer } = options;
  /** What was pasted behind the line that was read last: whole lines, and one that is not complete. */
  let pasted: { lines: string[]; rest: string } = { lines: [], rest: '' };
  let reader: Interface | undefined;
  let prompt = '';
  let live: readonly string[] = [];

  const goUpAndClear = (rows: number) => {
    moveCursor(output, 0, -rows);
    cursorTo(output, 0);
    clearScreenDown(output);
  };
  /** Takes prompt and live lines away, prints `above` in their place, and draws them again below it. */
  const redraw = (open: Interface, above: readonly string[], nextLive: readonly string[]) => {
    goUpAndClear(open.getCursorPos().rows);
    writeLines(output, above);
    live = nextLive;
    // readline goes up by `prevRows` before it draws. That field is in no documentation, and readline forgets to keep
    // it up when pasted text wraps. The cursor is already where drawing begins, so it must not move at all.
    Object.assign(open, { prevRows: 0 });
    open.setPrompt([...live, prompt].join('\n'));
    open.prompt(true);
  };
  /** After Enter: leaves prompt and line on the screen, without the live lines. */
  const settle = (line: string) => {
    if (live.length === 0) return;
    const columns = output.columns ?? 80;
    goUpAndClear(live.length + Math.floor(textWidth(prompt + line) / columns) + 1);
    writeLines(output, [prompt + line]);
    live = [];
  };
  const readOne = async (open: Interface, signal: AbortSignal): Promise<Typed> => {
    const { promise, resolve } = Promise.withResolvers<Typed>();
    const lines: string[] = [];
    const onAbort = () => resolve({ kind: 'ended' });
    open.on('line', (line) => {
      if (lines.length === 0) settle(line);
      lines.push(line);
      resolve({ kind: 'line', text: line });
    });
    open.on('SIGINT', () => {
      output.write('^C\n');
      resolve({ kind: 'interrupted', isEmpty: open.line === '' });
    });
    open.on('close', () => resolve({ kind: 'ended' }));
    signal.addEventListener('abort', onAbort, { once: true });
    const typed = await promise;
    signal.removeEventListener('abort', onAbort);
    pasted = { lines: lines.slice(1), rest: typed.kind === 'line' ? open.line : '' };
    return typed;
  };

  return {
    get isOpen() {
      return reader !== undefined;
    },
    async read({ prompt: nextPrompt, history, signal }) {
      prompt = nextPrompt;
      const waiting = pasted.lines.shift();
      if (waiting !== undefined) {
        writeLines(output, [prompt + waiting]);
        return { kind: 'line', text: waiting };
      }
      if (signal.aborted) return { kind: 'ended' };
      const open = createInterface({
        input,
        output,
        history,
        terminal: true,
        historySize: HISTORY_LINES,
        removeHistoryDuplicates: true,
        completer: (line, done) =>
          completer(line, (error, result) => {
            // The answer may come when this line is done, or another text stands in it.
            if (reader !== open) return;
            const isCurrent = open.line.slice(0, open.cursor) === line;
            done(error, isCurrent ? result : [[], line]);
          }),
      });
      reader = open;
      redraw(open, [], []);
      if (pasted.rest !== '') open.write(pasted.rest);
      const typed = await readOne(open, signal);
      open.close();
      reader = undefined;
      live = [];
      return typed;
    },
    printAbove(lines) {
      if (reader !== undefined) redraw(reader, lines, live);
    },
    setLive(lines) {
      if (reader === undefined || (lines.length === 0 && live.length === 0)) return;
      redraw(reader, [], lines);
    },
  };
}
