/**
 * The screen of the interactive shell: around the prompt while a line is typed, the terminal itself while a command
 * runs, and silence while a password is asked for. What is printed in silence appears afterwards.
 */
import type { Screen } from '../output/screen.ts';
import type { LineEditor } from './line-editor.ts';

export interface PromptScreen extends Screen {
  /** Keeps everything off the terminal until the returned function is called. */
  silence(): () => void;
}

export function createPromptScreen(options: {
  readonly editor: Pick<LineEditor, 'isOpen' | 'printAbove' | 'setLive'>;
  /** The terminal while no line is being typed. */
  readonly terminal: Screen;
}): PromptScreen {
  const { editor, terminal } = options;
  let held: string[] | undefined;
  return {
    isLive: true,
    get columns() {
      return terminal.columns;
    },
    get rows() {
      return terminal.rows;
    },
    print(lines) {
      if (held !== undefined) held.push(...lines);
      else if (editor.isOpen) editor.printAbove(lines);
      else terminal.print(lines);
    },
    setLive(lines) {
      if (held !== undefined) return;
      if (editor.isOpen) editor.setLive(lines);
      else terminal.setLive(lines);
    },
    silence() {
      terminal.setLive([]);
      held = [];
      return () => {
        const lines = held ?? [];
        held = undefined;
        terminal.print(lines);
      };
    },
  };
}
