/**
 * QR codes as lines of a terminal: two rows of modules a line, black on white whatever the terminal's own colours are, since
 * few cameras read them the other way round.
 */
import { encode } from 'uqr';

/** What ISO/IEC 18004 wants around a code is four; two are enough on a screen. */
const BORDER = 2;
const BLACK_ON_WHITE = '\u001b[30;107m';
const PLAIN = '\u001b[0m';

/** The code for `text`; no lines where it does not fit into `columns` and `rows`. */
export function qrCodeLines(
  text: string,
  room: { readonly columns: number; readonly rows: number },
): string[] {
  const { data, size } = encode(text, { ecc: 'L', border: BORDER });
  const rows = Math.ceil(size / 2);
  if (size > room.columns || rows > room.rows) return [];
  return Array.from({ length: rows }, (_, row) => {
    const halves = Array.from({ length: size }, (__, column) =>
      half(data[2 * row]?.[column] === true, data[2 * row + 1]?.[column] === true),
    );
    return `${BLACK_ON_WHITE}${halves.join('')}${PLAIN}`;
  });
}

function half(upper: boolean, lower: boolean): string {
  if (upper) return lower ? '█' : '▀';
  return lower ? '▄' : ' ';
}
