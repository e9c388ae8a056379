/**
 * Where lines for people go: finished lines above, live lines that are redrawn in place below them.
 *
 * A file or a pipe has no live lines. On a terminal `log-update` redraws them; the interactive shell has a screen of
 * its own around its prompt (`shell/prompt-screen.ts`).
 */
import type { Writable } from 'node:stream';

/** What of an output stream matters here; `process.stdout` is one. */
export type OutputStream = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

export interface Screen {
  /** True where `setLive` shows something. */
  readonly isLive: boolean;
  readonly columns: number;
  readonly rows: number;
  /** Writes whole lines above whatever is live. */
  print(lines: readonly string[]): void;
  /** Replaces the live lines; an empty list removes them. Each must fit into `columns`. */
  setLive(lines: readonly string[]): void;
}

/** A screen for files, pipes and dumb terminals. */
export function createPlainScreen(output: OutputStream): Screen {
  return {
    isLive: false,
    columns: output.columns ?? Number.POSITIVE_INFINITY,
    rows: Number.POSITIVE_INFINITY,
    print: (lines) => writeLines(output, lines),
    setLive: () => undefined,
  };
}

/** A screen for a terminal. */
export async function createLiveScreen(output: OutputStream): Promise<Screen> {
  const { createLogUpdate } = await import('log-update');
  const update = createLogUpdate(output, { showCursor: true });
  let live: readonly string[] = [];
  const draw = () => {
    if (live.length > 0) update(live.join('\n'));
  };
  return {
    isLive: true,
    get columns() {
      return output.columns ?? 80;
    },
    get rows() {
      return output.rows ?? 24;
    },
    print(lines) {
      if (live.length > 0) update.clear();
      writeLines(output, lines);
      draw();
    },
    setLive(lines) {
      if (lines.length === 0 && live.length > 0) {
        update.clear();
        // Forget what was drawn, so that the next line starts where this one was.
        update.done();
      }
      live = lines;
      draw();
    },
  };
}

/** Writes each line with its line end; nothing for no lines. */
export function writeLines(output: Writable, lines: readonly string[]): void {
  if (lines.length > 0) output.write(lines.map((line) => `${line}\n`).join(''));
}
