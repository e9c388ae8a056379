/**
 * A terminal in memory, as far as readline and log-update use one: it shows what a person would see. It knows cursor
 * movement, clearing, wrapping and scrolling, and no colours.
 */
import { PassThrough } from 'node:stream';

/** An escape sequence with its parameters and its letter, or any one character. */
const PIECES = new RegExp(String.raw`${'\u001b'}\[([?\d;]*)([A-Za-z])|([\s\S])`, 'gu');

export interface VirtualTerminal {
  readonly stream: PassThrough & { readonly isTTY: true; readonly columns: number; readonly rows: number };
  /** What is on the screen and above it, without empty lines at the end. */
  text(): string;
}

export function createVirtualTerminal(columns = 60, rows = 12): VirtualTerminal {
  const lines: string[][] = [[]];
  let row = 0;
  let column = 0;
  const top = () => Math.max(0, lines.length - rows);
  const lineAt = (index: number): string[] => {
    while (lines.length <= index) lines.push([]);
    return lines[index] ?? [];
  };
  const put = (character: string) => {
    if (column >= columns) {
      row += 1;
      column = 0;
    }
    const line = lineAt(row);
    while (line.length < column) line.push(' ');
    line[column] = character;
    column += 1;
  };
  const clearFrom = (index: number, from: number) => {
    lineAt(index).length = Math.min(lineAt(index).length, from);
  };
  const control = (parameters: string, command: string) => {
    const value = Number.parseInt(parameters, 10);
    const count = Number.isNaN(value) ? 1 : value;
    if (command === 'A') row = Math.max(top(), row - count);
    else if (command === 'B') row = Math.min(lines.length - 1, row + count);
    else if (command === 'C') column += count;
    else if (command === 'D') column = Math.max(0, column - count);
    else if (command === 'G') column = count - 1;
    else if (command === 'K') {
      if (value === 2) clearFrom(row, 0);
      else clearFrom(row, column);
    } else if (command === 'J') {
      clearFrom(row, column);
      for (let below = row + 1; below < lines.length; below += 1) clearFrom(below, 0);
    } else if (!['m', 'h', 'l'].includes(command)) {
      throw new Error(`The virtual terminal does not know ESC [ ${parameters} ${command}`);
    }
  };
  const write = (text: string) => {
    for (const [, parameters, command, character] of text.matchAll(PIECES)) {
      if (command !== undefined) control(parameters ?? '', command);
      else if (character === '\n') {
        row += 1;
        column = 0;
        lineAt(row);
      } else if (character === '\r') column = 0;
      else if (character !== undefined) put(character);
    }
  };
  const stream = Object.assign(new PassThrough(), { isTTY: true as const, columns, rows });
  stream.setEncoding('utf8').on('data', write);
  return {
    stream,
    text: () =>
      lines
        .map((line) => line.join('').trimEnd())
        .join('\n')
        .trimEnd(),
  };
}
